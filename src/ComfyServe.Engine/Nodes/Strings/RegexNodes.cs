using ComfyServe.Engine.Nodes.Schema;

namespace ComfyServe.Engine.Nodes.Strings;

/// <summary>Nodes that search and replace with regular expressions in Python's language.</summary>
[NodeFamily("comfy_extras.nodes_string", Schema = NodeSchema.V3)]
internal static class RegexNodes
{
    private const string Category = "utils/string";

    /// <summary>An invalid pattern matches nothing.</summary>
    [Node("RegexMatch", Display = "Regex Match", Category = Category)]
    [Outputs("matches")]
    public static bool Match(
        [Input(Multiline = true)] string @string,
        [Input(Multiline = true)] string regex_pattern,
        [Input(Default = true)] bool case_insensitive,
        [Input(Default = false)] bool multiline,
        [Input(Default = false)] bool dotall,
        NodeContext context) =>
        TryCompile(regex_pattern, case_insensitive, multiline, dotall, context) is { } pattern && new RegexRun(pattern, context).Matches(@string).Any();

    /// <summary>An invalid pattern extracts nothing.</summary>
    [Node("RegexExtract", Display = "Regex Extract", Category = Category)]
    public static string Extract(
        [Input(Multiline = true)] string @string,
        [Input(Multiline = true)] string regex_pattern,
        [Choices("First Match", "All Matches", "First Group", "All Groups")] string mode,
        [Input(Default = true)] bool case_insensitive,
        [Input(Default = false)] bool multiline,
        [Input(Default = false)] bool dotall,
        [Input(Default = 1, Min = 0, Max = 100)] long group_index,
        NodeContext context)
    {
        if (TryCompile(regex_pattern, case_insensitive, multiline, dotall, context) is not { } pattern)
        {
            return "";
        }

        // With groups Python's findall gives the first group instead of the whole match.
        var group = mode switch
        {
            "First Match" => 0,
            "All Matches" => Math.Min(1, pattern.Groups),
            _ => (int)group_index,
        };
        if (group > pattern.Groups)
        {
            return "";
        }

        var run = new RegexRun(pattern, context);
        return mode.StartsWith("First", StringComparison.Ordinal)
            ? run.Matches(@string).FirstOrDefault()?.Groups[group].Value ?? ""
            : run.Join(@string, group);
    }

    [Node("RegexReplace", Display = "Regex Replace", Category = Category, Description = "Find and replace text using regex patterns.")]
    public static string Replace(
        [Input(Multiline = true)] string @string,
        [Input(Multiline = true)] string regex_pattern,
        [Input(Multiline = true)] string replace,
        NodeContext context,
        [Input(Default = true)] bool case_insensitive = true,
        [Input(Default = false)] bool multiline = false,
        [Input(Default = false, Tooltip = "When on, the dot matches line breaks too.")] bool dotall = false,
        [Input(Default = 0, Min = 0, Max = 100, Tooltip = "Most replacements to make; 0 replaces all.")] long count = 0)
    {
        try
        {
            context.Limits.CheckPattern(regex_pattern.Length);
            return new RegexRun(new PythonRegex(regex_pattern, case_insensitive, multiline, dotall), context).Replace(@string, replace, count);
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException)
        {
            throw new NodeException("re.error", exception.Message, exception);
        }
    }

    private static PythonRegex? TryCompile(string pattern, bool caseInsensitive, bool multiline, bool dotAll, NodeContext context)
    {
        context.Limits.CheckPattern(pattern.Length);
        try
        {
            return new PythonRegex(pattern, caseInsensitive, multiline, dotAll);
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException)
        {
            return null;
        }
    }
}
