using System.Text;
using ComfyServe.Engine.Nodes.Schema;

namespace ComfyServe.Engine.Nodes.Strings;

/// <summary>Nodes that put texts together, cut and compare them.</summary>
[NodeFamily("comfy_extras.nodes_string", Schema = NodeSchema.V3)]
internal static class StringNodes
{
    private const string Category = "utils/string";

    [Node("StringConcatenate", Display = "Concatenate", Category = Category)]
    public static string Concatenate(
        [Input(Multiline = true)] string string_a, [Input(Multiline = true)] string string_b, [Input(Default = "")] string delimiter) =>
        string_a + delimiter + string_b;

    [Node("StringSubstring", Display = "Substring", Category = Category)]
    public static string Substring([Input(Multiline = true)] string @string, long start, long end) =>
        CodePoints.Slice(@string, start, end);

    [Node("StringLength", Display = "Length", Category = Category)]
    [Outputs("length")]
    public static long Length([Input(Multiline = true)] string @string) => CodePoints.Count(@string);

    [Node("CaseConverter", Display = "Case Converter", Category = Category)]
    public static string ConvertCase(
        [Input(Multiline = true)] string @string, [Choices("UPPERCASE", "lowercase", "Capitalize", "Title Case")] string mode) =>
        mode switch
        {
            "UPPERCASE" => @string.ToUpperInvariant(),
            "lowercase" => @string.ToLowerInvariant(),
            "Capitalize" => @string.Length == 0 ? "" : char.ToUpperInvariant(@string[0]) + @string[1..].ToLowerInvariant(),
            "Title Case" => TitleCase(@string),
            _ => @string,
        };

    [Node("StringTrim", Display = "Trim", Category = Category)]
    public static string Trim([Input(Multiline = true)] string @string, [Choices("Both", "Left", "Right")] string mode) => mode switch
    {
        "Both" => @string.Trim(),
        "Left" => @string.TrimStart(),
        "Right" => @string.TrimEnd(),
        _ => @string,
    };

    [Node("StringReplace", Display = "Replace", Category = Category)]
    public static string Replace(
        [Input(Multiline = true)] string @string, [Input(Multiline = true)] string find, [Input(Multiline = true)] string replace) =>
        find.Length > 0
            ? @string.Replace(find, replace, StringComparison.Ordinal)
            : replace + string.Concat(@string.EnumerateRunes().Select(rune => rune + replace));

    [Node("StringContains", Display = "Contains", Category = Category)]
    [Outputs("contains")]
    public static bool Contains(
        [Input(Multiline = true)] string @string,
        [Input(Multiline = true)] string substring,
        [Input(Default = true)] bool case_sensitive) =>
        Fold(@string, case_sensitive).Contains(Fold(substring, case_sensitive), StringComparison.Ordinal);

    [Node("StringCompare", Display = "Compare", Category = Category)]
    public static bool Compare(
        [Input(Multiline = true)] string string_a,
        [Input(Multiline = true)] string string_b,
        [Choices("Starts With", "Ends With", "Equal")] string mode,
        [Input(Default = true)] bool case_sensitive)
    {
        var (first, second) = (Fold(string_a, case_sensitive), Fold(string_b, case_sensitive));
        return mode switch
        {
            "Starts With" => first.StartsWith(second, StringComparison.Ordinal),
            "Ends With" => first.EndsWith(second, StringComparison.Ordinal),
            _ => first == second,
        };
    }

    private static string Fold(string text, bool caseSensitive) => caseSensitive ? text : text.ToLowerInvariant();

    /// <summary>A capital after everything that is no letter, as Python's <c>title</c>: <c>they're</c> is <c>They'Re</c>.</summary>
    private static string TitleCase(string text)
    {
        var result = new StringBuilder(text.Length);
        var inWord = false;
        foreach (var character in text)
        {
            result.Append(inWord ? char.ToLowerInvariant(character) : char.ToUpperInvariant(character));
            inWord = char.IsLetter(character);
        }

        return result.ToString();
    }
}
