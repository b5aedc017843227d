using System.Text;

namespace ComfyServe.Engine.Nodes.Strings;

/// <summary>Text as Python counts it: in code points, not in UTF-16 units.</summary>
internal static class CodePoints
{
    /// <summary>Number of code points.</summary>
    public static long Count(string text)
    {
        var count = 0L;
        foreach (var _ in text.EnumerateRunes())
        {
            count++;
        }

        return count;
    }

    /// <summary>Python's <c>text[start:end]</c>: negative positions count from the end, others are clamped.</summary>
    public static string Slice(string text, long start, long end)
    {
        var count = Count(text);
        var (first, last) = (Resolve(start, count), Resolve(end, count));
        if (last <= first)
        {
            return "";
        }

        var slice = new StringBuilder();
        Span<char> units = stackalloc char[2];
        var place = 0L;
        foreach (var rune in text.EnumerateRunes())
        {
            if (place >= last)
            {
                break;
            }

            if (place++ >= first)
            {
                slice.Append(units[..rune.EncodeToUtf16(units)]);
            }
        }

        return slice.ToString();
    }

    private static long Resolve(long position, long length) => Math.Clamp(position < 0 ? position + length : position, 0, length);
}
