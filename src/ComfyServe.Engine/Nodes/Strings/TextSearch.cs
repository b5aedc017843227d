using ComfyServe.Diffusion.Runtime;

namespace ComfyServe.Engine.Nodes.Strings;

/// <summary>
/// Finds one text in another in time that grows with both lengths, not with their product: the platform's search compares
/// anew at every place, which takes hours for millions of equal characters.
/// </summary>
/// <remarks>Knuth, Morris, Pratt, "Fast pattern matching in strings" (1977).</remarks>
internal sealed class TextSearch
{
    /// <summary>Shorter texts are looked for by the platform, part by part: its cost at each place is at most this.</summary>
    private const int Short = 64;
    private const int Part = 1 << 20;

    private readonly string _wanted;
    private readonly int[] _fallback;

    /// <summary>Prepares the search.</summary>
    /// <param name="wanted">What to find; not empty.</param>
    public TextSearch(string wanted)
    {
        _wanted = wanted;
        _fallback = wanted.Length <= Short ? [] : Fallback(wanted);
    }

    /// <summary>Number of places, none overlapping another.</summary>
    public long Count(string text)
    {
        var count = 0L;
        for (var at = IndexOf(text, 0); at >= 0; at = IndexOf(text, at + _wanted.Length))
        {
            count++;
        }

        return count;
    }

    /// <summary>The first place from a start on; −1 where there is none.</summary>
    public int IndexOf(string text, int start)
    {
        if (_fallback.Length == 0)
        {
            return IndexOfShort(text, start);
        }

        var matched = 0;
        for (var i = start; i < text.Length; i++)
        {
            if ((i & (Part - 1)) == 0)
            {
                Interruption.Check();
            }

            while (matched > 0 && text[i] != _wanted[matched])
            {
                matched = _fallback[matched - 1];
            }

            matched += text[i] == _wanted[matched] ? 1 : 0;
            if (matched == _wanted.Length)
            {
                return i + 1 - matched;
            }
        }

        return -1;
    }

    private int IndexOfShort(string text, int start)
    {
        for (; start + _wanted.Length <= text.Length; start += Part)
        {
            Interruption.Check();
            var length = Math.Min(Part + _wanted.Length - 1, text.Length - start);
            var found = text.AsSpan(start, length).IndexOf(_wanted, StringComparison.Ordinal);
            if (found >= 0)
            {
                return start + found;
            }
        }

        return -1;
    }

    /// <summary>For each length, the longest proper beginning that is also an end.</summary>
    private static int[] Fallback(string wanted)
    {
        var fallback = new int[wanted.Length];
        for (var (i, matched) = (1, 0); i < wanted.Length; i++)
        {
            while (matched > 0 && wanted[i] != wanted[matched])
            {
                matched = fallback[matched - 1];
            }

            matched += wanted[i] == wanted[matched] ? 1 : 0;
            fallback[i] = matched;
        }

        return fallback;
    }
}
