using System.Text;
using Mayfly.Config;
using Mayfly.Traces.Obfuscation.Sql;
using Mayfly.Wire;

namespace Mayfly.Traces.Obfuscation;

/// <summary>
/// Hides the values in JSON, one document or several in a row: each string, number, <c>true</c>, <c>false</c> and <c>null</c> becomes <c>"?"</c>;
/// members' names and the structure stay. Where the JSON ends too early or goes wrong, the output ends with <c>...</c>.
/// </summary>
/// <remarks>docs/spec/03-traces.md#json-mongodb-elasticsearch-opensearch. One pass, nothing allocated but the output. Thread-safe.</remarks>
internal sealed class JsonObfuscator(JsonObfuscation settings, SqlObfuscation sql)
{
    /// <summary>What is nested deeper counts as an error.</summary>
    private const int DeepestNesting = 512;

    private readonly byte[][] _kept = [.. settings.KeptMembers.Select(Encoding.UTF8.GetBytes)];
    private readonly byte[][] _sql = [.. settings.SqlMembers.Select(Encoding.UTF8.GetBytes)];

    /// <summary>Appends the obfuscated <paramref name="json"/>.</summary>
    public void Obfuscate(ReadOnlySpan<byte> json, PooledBuffer output)
    {
        Span<bool> isObject = stackalloc bool[DeepestNesting];
        var document = new Document(this, json, isObject, output);
        if (!json.IsEmpty && !document.TryWrite())
        {
            output.Write("..."u8);
        }
    }

    private static bool Contains(byte[][] names, ReadOnlySpan<byte> name)
    {
        foreach (byte[] known in names)
        {
            if (name.SequenceEqual(known))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Appends what stands in a JSON string or in another scalar, read as SQL, as a JSON string.</summary>
    private void WriteSql(ReadOnlySpan<byte> scalar, PooledBuffer output)
    {
        using PooledBuffer text = PooledBuffer.Rent(scalar.Length);
        using PooledBuffer obfuscated = PooledBuffer.Rent(scalar.Length);
        text.Write(scalar[0] == '"' ? scalar[1..^1] : scalar);
        int length = JsonUnescape.ToText(text.Slice(0, text.Length));
        bool isSql = SqlObfuscator.TryObfuscate(text.WrittenSpan[..length], SqlDialect.Generic, sql, obfuscated);
        output.WriteByte((byte)'"');
        JsonEscape.Write(output, isSql ? obfuscated.WrittenSpan : "?"u8);
        output.WriteByte((byte)'"');
    }

    /// <summary>What may come next within a document.</summary>
    private enum Next
    {
        Value,

        /// <summary>A value, or the end of an empty array.</summary>
        FirstElement,
        Name,

        /// <summary>A name, or the end of an empty object.</summary>
        FirstName,

        /// <summary>A comma, or the end of an object or array.</summary>
        Separator,
    }

    /// <summary>One pass over the text.</summary>
    private ref struct Document(JsonObfuscator obfuscator, ReadOnlySpan<byte> json, Span<bool> isObject, PooledBuffer output)
    {
        private readonly ReadOnlySpan<byte> _json = json;

        /// <summary>Of each open object or array, which of the two it is.</summary>
        private readonly Span<bool> _isObject = isObject;

        private int _at;

        /// <summary>Open objects and arrays.</summary>
        private int _depth;

        /// <summary>The depth at which the member stands that is being kept; 0 = none is.</summary>
        private int _keptDepth;

        /// <summary>The member's value is SQL, if it is a scalar.</summary>
        private bool _isSql;

        /// <summary>False: an error, or the end of the text within a document.</summary>
        public bool TryWrite()
        {
            SkipSpace();
            do
            {
                if (!TryWriteDocument())
                {
                    return false;
                }

                // White space tells documents apart.
                int end = _at;
                SkipSpace();
                output.Write(_json[end.._at]);
            }
            while (_at < _json.Length);
            return true;
        }

        private bool TryWriteDocument()
        {
            Next next = Next.Value;
            do
            {
                SkipSpace();
                if (_at >= _json.Length || !TryWriteToken(ref next))
                {
                    return false;
                }
            }
            while (_depth > 0);
            return true;
        }

        private bool TryWriteToken(ref Next next)
        {
            byte first = _json[_at];
            switch (next)
            {
                case Next.Separator or Next.FirstElement or Next.FirstName when _depth > 0 && first == (_isObject[_depth - 1] ? '}' : ']'):
                    output.WriteByte(first);
                    _at++;
                    _depth--;
                    next = EndValue();
                    return true;
                case Next.Separator:
                    output.Write(first == ',' ? ","u8 : default);
                    _at++;
                    next = _isObject[_depth - 1] ? Next.Name : Next.Value;
                    return first == ',';
                case Next.Name or Next.FirstName:
                    next = Next.Value;
                    return first == '"' && TryWriteName();
                case Next.Value or Next.FirstElement when first is (byte)'{' or (byte)'[' && _depth < DeepestNesting:
                    output.WriteByte(first);
                    _at++;
                    _isObject[_depth++] = first == '{';
                    _isSql = false;
                    next = first == '{' ? Next.FirstName : Next.FirstElement;
                    return true;
                default:
                    next = Next.Separator;
                    return JsonText.StartsScalar(first) && TryWriteScalar();
            }
        }

        /// <summary>A member's name, and the colon behind it.</summary>
        private bool TryWriteName()
        {
            ReadOnlySpan<byte> name = _json.Slice(_at, JsonText.LengthOfString(_json[_at..], out bool isWhole));
            output.Write(name);
            _at += name.Length;
            SkipSpace();
            if (!isWhole || _at >= _json.Length || _json[_at] != ':')
            {
                return false;
            }

            output.WriteByte((byte)':');
            _at++;
            if (_keptDepth == 0)
            {
                _keptDepth = Contains(obfuscator._kept, name[1..^1]) ? _depth : 0;
                _isSql = _keptDepth == 0 && Contains(obfuscator._sql, name[1..^1]);
            }

            return true;
        }

        private bool TryWriteScalar()
        {
            ReadOnlySpan<byte> scalar = _json.Slice(_at, JsonText.LengthOfScalar(_json[_at..], out bool isWhole));
            _at += scalar.Length;
            if (_keptDepth > 0)
            {
                output.Write(scalar);
            }
            else if (_isSql && isWhole)
            {
                obfuscator.WriteSql(scalar, output);
            }
            else
            {
                output.Write("\"?\""u8);
            }

            EndValue();
            return isWhole;
        }

        private Next EndValue()
        {
            _keptDepth = _keptDepth == _depth ? 0 : _keptDepth;
            _isSql = false;
            return Next.Separator;
        }

        private void SkipSpace()
        {
            while (_at < _json.Length && JsonText.IsSpace(_json[_at]))
            {
                _at++;
            }
        }
    }
}
