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
        [Input(Multiline = true)] string string_a, [Input(Multiline = true)] string string_b, [Input(Default = "")] string delimiter, NodeContext context)
    {
        context.Limits.CheckText((long)string_a.Length + delimiter.Length + string_b.Length);
        return string_a + delimiter + string_b;
    }

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
        [Input(Multiline = true)] string @string, [Input(Multiline = true)] string find, [Input(Multiline = true)] string replace, NodeContext context)
    {
        if (find.Length == 0)
        {
            context.Limits.CheckText(@string.Length + (replace.Length * (CodePoints.Count(@string) + 1)));
            return Spread(@string, replace);
        }

        var search = new TextSearch(find);
        context.Limits.CheckText(@string.Length + (search.Count(@string) * (replace.Length - find.Length)));
        var result = new StringBuilder();
        var start = 0;
        for (var at = search.IndexOf(@string, 0); at >= 0; at = search.IndexOf(@string, start))
        {
            result.Append(@string, start, at - start).Append(replace);
            start = at + find.Length;
        }

        return start == 0 ? @string : result.Append(@string, start, @string.Length - start).ToString();
    }

    [Node("StringContains", Display = "Contains", Category = Category)]
    [Outputs("contains")]
    public static bool Contains(
        [Input(Multiline = true)] string @string,
        [Input(Multiline = true)] string substring,
        [Input(Default = true)] bool case_sensitive) =>
        substring.Length == 0 || new TextSearch(Fold(substring, case_sensitive)).IndexOf(Fold(@string, case_sensitive), 0) >= 0;

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

    /// <summary>A text between all characters and around them.</summary>
    private static string Spread(string text, string between)
    {
        var result = new StringBuilder(between);
        Span<char> units = stackalloc char[2];
        foreach (var rune in text.EnumerateRunes())
        {
            result.Append(units[..rune.EncodeToUtf16(units)]).Append(between);
        }

        return result.ToString();
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
