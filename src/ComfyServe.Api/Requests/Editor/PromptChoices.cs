using System.Text;

namespace ComfyServe.Api.Requests.Editor;

/// <summary>
/// The choices in a prompt, as the editor makes them before it queues one: of <c>{a|b|c}</c> one is drawn, inside others too; comments
/// (<c>/* */</c>, <c>//</c> to the end of the line) are left out; a backslash takes the meaning from a brace or a bar. A brace that is not closed reaches to
/// the end of the text, so that one in a smiley only disappears.
/// </summary>
internal static class PromptChoices
{
    /// <summary>The text with every choice made.</summary>
    /// <param name="text">The text as it is saved.</param>
    /// <param name="random">Draws.</param>
    /// <param name="picks">Gets the place, from 0, of each alternative that was drawn, in the order of the text.</param>
    public static string Make(string text, Random random, List<int> picks)
    {
        if (text.AsSpan().IndexOfAny('{', '\\', '/') < 0)
        {
            return text;
        }

        text = WithoutComments(text);
        var blocks = Blocks(text);
        var made = new StringBuilder(text.Length);
        var ranges = new Stack<(int At, int End)>();
        ranges.Push((0, text.Length));
        while (ranges.TryPop(out var range))
        {
            for (var i = range.At; i < range.End; i++)
            {
                if (IsEscape(text, i, range.End))
                {
                    made.Append(text[i + 1] is '{' or '}' or '|' ? "" : "\\").Append(text[++i]);
                }
                else if (text[i] == '{')
                {
                    var block = blocks[i];
                    var pick = block.Bars.Count == 0 ? 0 : (int)random.NextInt64(0, block.Bars.Count + 1);
                    if (block.Bars.Count > 0)
                    {
                        picks.Add(pick);
                    }

                    if (block.End + 1 < range.End)
                    {
                        ranges.Push((block.End + 1, range.End));
                    }

                    ranges.Push((pick == 0 ? i + 1 : block.Bars[pick - 1] + 1, pick == block.Bars.Count ? block.End : block.Bars[pick]));
                    break;
                }
                else
                {
                    made.Append(text[i]);
                }
            }
        }

        return made.ToString();
    }

    /// <summary>Where each brace closes and what divides its alternatives.</summary>
    private static Dictionary<int, Block> Blocks(string text)
    {
        var blocks = new Dictionary<int, Block>();
        var open = new Stack<Block>();
        for (var i = 0; i < text.Length; i++)
        {
            if (IsEscape(text, i, text.Length))
            {
                i++;
            }
            else if (text[i] == '{')
            {
                var block = new Block { End = text.Length };
                blocks[i] = block;
                open.Push(block);
            }
            else if (text[i] == '|' && open.TryPeek(out var inner))
            {
                inner.Bars.Add(i);
            }
            else if (text[i] == '}' && open.TryPop(out var closed))
            {
                closed.End = i;
            }
        }

        return blocks;
    }

    /// <summary>A backslash belongs to what follows, whatever that is: two of them mean nothing to a brace after them.</summary>
    private static bool IsEscape(string text, int at, int end) => text[at] == '\\' && at + 1 < end;

    private static string WithoutComments(string text)
    {
        var kept = new StringBuilder(text.Length);
        var at = 0;
        while (text.IndexOf('/', at) is var slash && slash >= 0 && slash + 1 < text.Length)
        {
            var end = text[slash + 1] switch
            {
                '/' => text.IndexOf('\n', slash) is var line && line >= 0 ? line : text.Length,
                '*' => text.IndexOf("*/", slash + 2, StringComparison.Ordinal) is var close && close >= 0 ? close + 2 : -1,
                _ => -1,
            };
            if (end < 0)
            {
                kept.Append(text, at, slash + 1 - at);
                at = slash + 1;
                continue;
            }

            kept.Append(text, at, slash - at);
            at = end;
        }

        return kept.Append(text, at, text.Length - at).ToString();
    }

    private sealed class Block
    {
        public List<int> Bars { get; } = [];

        public int End { get; set; }
    }
}
