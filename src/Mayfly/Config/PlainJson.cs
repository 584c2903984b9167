using System.Text.Encodings.Web;
using System.Text.Json;

namespace Mayfly.Config;

/// <summary>JSON that is no part of a page: nothing is escaped but what JSON itself wants so.</summary>
internal static class PlainJson
{
    public static JsonWriterOptions Options => new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
