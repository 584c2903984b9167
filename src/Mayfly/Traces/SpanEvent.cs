using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>Something that happened at one moment within a span, such as an exception.</summary>
public struct SpanEvent
{
    /// <summary>ns since the Unix epoch.</summary>
    public ulong TimeNs { get; set; }

    public Utf8Slice Name { get; set; }

    /// <summary>Index of the event's first attribute in <see cref="Span.EventAttributes"/>.</summary>
    public int FirstAttribute { get; set; }

    public int AttributeCount { get; set; }
}

/// <summary>A typed attribute of a <see cref="SpanEvent"/>, or an element of an array attribute.</summary>
public struct EventAttribute
{
    /// <summary>Empty for an element of an array.</summary>
    public Utf8Slice Key { get; set; }

    public EventAttributeType Type { get; set; }

    /// <summary>The value of a <see cref="EventAttributeType.Text"/>.</summary>
    public Utf8Slice Text { get; set; }

    /// <summary>The value of a <see cref="EventAttributeType.Boolean"/>.</summary>
    public bool Boolean { get; set; }

    /// <summary>The value of an <see cref="EventAttributeType.Integer"/>.</summary>
    public long Integer { get; set; }

    /// <summary>The value of a <see cref="EventAttributeType.Double"/>.</summary>
    public double Double { get; set; }

    /// <summary>Index of an array's first element in <see cref="Span.EventElements"/>.</summary>
    public int FirstElement { get; set; }

    public int ElementCount { get; set; }
}

/// <summary>The type of an <see cref="EventAttribute"/>; the numbers are those on the wire, in msgpack and in protobuf.</summary>
public enum EventAttributeType
{
    /// <summary>No type that is known; no attribute is kept with it.</summary>
    Unknown = -1,

    Text = 0,
    Boolean = 1,
    Integer = 2,
    Double = 3,
    Array = 4,
}
