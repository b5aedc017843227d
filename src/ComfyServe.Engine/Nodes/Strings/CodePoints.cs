using System.Text;

namespace ComfyServe.Engine.Nodes.Strings;

/// <summary>Text as Python counts it: in code points, not in UTF-16 units.</summary>
internal static class CodePoints
{
    /// <summary>Number of code points.</summary>
    public static long Count(string text) => text.EnumerateRunes().LongCount();

    /// <summary>Python's <c>text[start:end]</c>: negative positions count from the end, others are clamped.</summary>
    public static string Slice(string text, long start, long end)
    {
        var runes = text.EnumerateRunes().ToArray();
        var (first, last) = (Resolve(start, runes.Length), Resolve(end, runes.Length));
        if (last <= first)
        {
            return "";
        }

        var slice = new StringBuilder();
        foreach (var rune in runes.AsSpan(first..last))
        {
            slice.Append(rune.ToString());
        }

        return slice.ToString();
    }

    private static int Resolve(long position, int length) => (int)Math.Clamp(position < 0 ? position + length : position, 0, length);
}
