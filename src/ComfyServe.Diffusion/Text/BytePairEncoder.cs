using System.Text;
using ComfyServe.Diffusion.Runtime;

namespace ComfyServe.Diffusion.Text;

/// <summary>CLIP's byte pair encoding: 256 bytes, 256 bytes that end a word, 48,894 merges, two special tokens.</summary>
/// <remarks>Sennrich, Haddow, Birch 2016, "Neural machine translation of rare words with subword units".</remarks>
internal sealed class BytePairEncoder
{
    private const int Bytes = 256;
    private const string WordEnd = "</w>";
    private readonly int[] _idOfByte = new int[Bytes];
    private readonly Dictionary<(int Left, int Right), int> _merges = [];

    /// <summary>Builds the encoder from merges in order of priority, each <c>left right</c> in the byte alphabet.</summary>
    /// <exception cref="FormatException">A merge names a symbol that no earlier line makes.</exception>
    public BytePairEncoder(IEnumerable<string> merges)
    {
        var ids = Alphabet();
        foreach (var merge in merges)
        {
            var space = merge.IndexOf(' ', StringComparison.Ordinal);
            if (space < 0
                || !ids.TryGetValue(merge[..space], out var left)
                || !ids.TryGetValue(merge[(space + 1)..], out var right))
            {
                throw new FormatException($"merge {_merges.Count}, '{merge}', is not a pair of known symbols");
            }

            var id = (2 * Bytes) + _merges.Count;
            ids.Add(string.Concat(merge.AsSpan(0, space), merge.AsSpan(space + 1)), id);
            _merges.Add((left, right), id);
        }
    }

    /// <summary>How many tokens there are, without the special ones.</summary>
    public int Count => (2 * Bytes) + _merges.Count;

    /// <summary>Appends the token ids of one piece.</summary>
    public void Encode(string piece, List<int> output)
    {
        var symbols = new List<int>();
        foreach (var value in Encoding.UTF8.GetBytes(piece))
        {
            symbols.Add(_idOfByte[value]);
        }

        if (symbols.Count == 0)
        {
            return;
        }

        symbols[^1] += Bytes;
        while (FindBest(symbols) is { } best)
        {
            Interruption.Check();
            MergeAll(symbols, best);
        }

        output.AddRange(symbols);
    }

    /// <summary>The pair whose merge came first; ids rise with rank.</summary>
    private (int Left, int Right, int Id)? FindBest(List<int> symbols)
    {
        (int Left, int Right, int Id)? best = null;
        for (var i = 0; i + 1 < symbols.Count; i++)
        {
            if (_merges.TryGetValue((symbols[i], symbols[i + 1]), out var id) && (best is null || id < best.Value.Id))
            {
                best = (symbols[i], symbols[i + 1], id);
            }
        }

        return best;
    }

    private static void MergeAll(List<int> symbols, (int Left, int Right, int Id) pair)
    {
        var written = 0;
        for (var i = 0; i < symbols.Count; i++)
        {
            var matches = symbols[i] == pair.Left && i + 1 < symbols.Count && symbols[i + 1] == pair.Right;
            symbols[written++] = matches ? pair.Id : symbols[i];
            if (matches)
            {
                i++;
            }
        }

        symbols.RemoveRange(written, symbols.Count - written);
    }

    /// <summary>Bytes that print come first and stand for themselves; the others follow as U+0100 onwards.</summary>
    private Dictionary<string, int> Alphabet()
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        var printable = Enumerable.Range(0, Bytes).Where(IsPrintable).ToList();
        var others = Enumerable.Range(0, Bytes).Where(b => !IsPrintable(b)).ToList();
        foreach (var value in printable.Concat(others))
        {
            var id = ids.Count / 2;
            var symbol = (IsPrintable(value) ? (char)value : (char)(Bytes + others.IndexOf(value))).ToString();
            _idOfByte[value] = id;
            ids.Add(symbol, id);
            ids.Add(symbol + WordEnd, id + Bytes);
        }

        return ids;
    }

    private static bool IsPrintable(int value) => value is (>= 0x21 and <= 0x7E) or (>= 0xA1 and <= 0xAC) or >= 0xAE;
}
