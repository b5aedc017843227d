using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ComfyServe.Testing;

/// <summary>Reads JSON that Python wrote: numbers may be the bare words <c>NaN</c> and <c>Infinity</c>, or texts such as <c>"inf"</c>.</summary>
public static partial class RecordedJson
{
    /// <summary>The content of a file; bare words become texts.</summary>
    public static JsonElement Read(string path) => JsonElement.Parse(BareWord().Replace(File.ReadAllText(path), static m => m.Value[0] == '"' ? m.Value : $"\"{m.Value}\""));

    /// <summary>A number, also one that JSON has no word for.</summary>
    /// <exception cref="FormatException">The value is neither a number nor a name of one.</exception>
    public static double Number(JsonElement value) => value.ValueKind != JsonValueKind.String ? value.GetDouble() : value.GetString()!.ToLowerInvariant() switch
    {
        "nan" => double.NaN,
        "inf" or "infinity" => double.PositiveInfinity,
        "-inf" or "-infinity" => double.NegativeInfinity,
        var text => double.Parse(text, CultureInfo.InvariantCulture),
    };

    [GeneratedRegex(@"""(?:[^""\\]|\\.)*""|-?Infinity|NaN", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex BareWord();
}
