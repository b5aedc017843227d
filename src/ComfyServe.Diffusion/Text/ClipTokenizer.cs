namespace ComfyServe.Diffusion.Text;

/// <summary>CLIP's tokenizer: text to ids of a vocabulary of 49,408 tokens. Immutable and thread-safe.</summary>
public sealed class ClipTokenizer
{
    /// <summary>The id that starts each chunk.</summary>
    public const int StartId = 49406;

    /// <summary>The id that ends each chunk and, for Stable Diffusion 1, pads it.</summary>
    public const int EndId = 49407;

    internal const string StartText = "<|startoftext|>";
    internal const string EndText = "<|endoftext|>";
    private static readonly Lazy<ClipTokenizer> Loaded = new(() => new(new(EmbeddedText.ReadLines("clip-merges.txt"))));
    private readonly BytePairEncoder _encoder;

    private ClipTokenizer(BytePairEncoder encoder) => _encoder = encoder;

    /// <summary>The tokenizer with the vocabulary that CLIP was published with.</summary>
    public static ClipTokenizer Default => Loaded.Value;

    /// <summary>The ids of a text, without a start and an end.</summary>
    /// <param name="text">Any text; the literal names of the two special tokens stand for their ids.</param>
    public IReadOnlyList<int> Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>();
        var at = 0;
        while (at < text.Length)
        {
            // Special names are cut out of the raw text first, so that what stands before them cannot swallow them.
            var (index, length, id) = NextSpecial(text, at);
            EncodePlain(text[at..index], ids);
            if (length > 0)
            {
                ids.Add(id);
            }

            at = index + length;
        }

        return ids;
    }

    private void EncodePlain(string text, List<int> ids)
    {
        foreach (var piece in WordSplitter.Split(PromptCleaner.Clean(text)))
        {
            switch (piece)
            {
                case StartText:
                    ids.Add(StartId);
                    break;
                case EndText:
                    ids.Add(EndId);
                    break;
                default:
                    _encoder.Encode(piece, ids);
                    break;
            }
        }
    }

    private static (int Index, int Length, int Id) NextSpecial(string text, int from)
    {
        var start = text.IndexOf(StartText, from, StringComparison.Ordinal);
        var end = text.IndexOf(EndText, from, StringComparison.Ordinal);
        if (start >= 0 && (end < 0 || start < end))
        {
            return (start, StartText.Length, StartId);
        }

        return end >= 0 ? (end, EndText.Length, EndId) : (text.Length, 0, 0);
    }
}
