using System.Text;

namespace ComfyServe.Diffusion.Text;

/// <summary>Reads ComfyUI's weight syntax: <c>(text)</c> weighs 1.1 times more, <c>(text:1.3)</c> weighs 1.3.</summary>
/// <remarks>
/// Groups nest: each pair of parentheses multiplies by 1.1, a number replaces what was multiplied so far.
/// <c>\(</c> and <c>\)</c> are literal. Parentheses without partner are literal. Square brackets mean nothing.
/// </remarks>
public static class PromptWeights
{
    private const double Emphasis = 1.1;

    // Beyond this depth a group is taken as text: a prompt must not be able to exhaust the stack.
    private const int MaxDepth = 500;

    // Stand-ins for escaped parentheses while groups are read; control characters never reach the tokenizer.
    private const char Escape = '\0';
    private const string EscapedOpen = "\0\u0002";
    private const string EscapedClose = "\0\u0001";

    /// <summary>The segments of a prompt from left to right; none for an empty prompt.</summary>
    public static IReadOnlyList<PromptSegment> Parse(string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        var segments = new List<PromptSegment>();
        var guarded = prompt
            .Replace("\\)", EscapedClose, StringComparison.Ordinal)
            .Replace("\\(", EscapedOpen, StringComparison.Ordinal);
        Read(guarded, 1, 0, segments);
        return segments;
    }

    private static void Read(string text, double weight, int depth, List<PromptSegment> segments)
    {
        foreach (var item in SplitGroups(text))
        {
            if (depth == MaxDepth || item.Length < 2 || item[0] != '(' || item[^1] != ')')
            {
                segments.Add(new PromptSegment(Unescape(item), weight));
                continue;
            }

            var content = item[1..^1];
            var colon = content.LastIndexOf(':');
            if (colon > 0 && PythonFloat.TryParse(content.AsSpan(colon + 1), out var number))
            {
                Read(content[..colon], number, depth + 1, segments);
            }
            else
            {
                Read(content, weight * Emphasis, depth + 1, segments);
            }
        }
    }

    /// <summary>Cuts at balanced groups of the outermost level. A closing parenthesis without partner takes the level
    /// below zero, and groups then only start again after as many opening ones.</summary>
    private static List<string> SplitGroups(string text)
    {
        var items = new List<string>();
        var current = new StringBuilder();
        var level = 0;
        foreach (var character in text)
        {
            if (character == '(')
            {
                if (level == 0 && current.Length > 0)
                {
                    items.Add(current.ToString());
                    current.Clear();
                }

                level++;
            }

            current.Append(character);
            if (character == ')' && --level == 0)
            {
                items.Add(current.ToString());
                current.Clear();
            }
        }

        if (current.Length > 0)
        {
            items.Add(current.ToString());
        }

        return items;
    }

    private static string Unescape(string text) => !text.Contains(Escape, StringComparison.Ordinal)
        ? text
        : text.Replace(EscapedClose, ")", StringComparison.Ordinal).Replace(EscapedOpen, "(", StringComparison.Ordinal);
}
