using ComfyServe.Diffusion.Text;

namespace ComfyServe.Training.Data;

/// <summary>The few hundred of CLIP's 49,408 tokens that captions use, numbered closely; one more stands for every other token.</summary>
/// <remarks>
/// Training keeps embeddings of these alone. The token for all others is trained too (it is mixed into captions), so that
/// words which the model never saw change little instead of adding noise.
/// </remarks>
internal sealed class CaptionVocabulary
{
    /// <summary>Tokens of a sequence, padded with end tokens.</summary>
    public const int Length = PromptChunker.ChunkLength;

    /// <summary>The number that stands for all tokens that captions do not use.</summary>
    public const int Other = 0;

    private const int Sampled = 20_000;
    private readonly int[] _clipIds;
    private readonly Dictionary<int, int> _numbers;

    private CaptionVocabulary(IEnumerable<int> clipIds)
    {
        _clipIds = [.. clipIds.Order()];
        _numbers = _clipIds.Index().ToDictionary(i => i.Item, i => i.Index + 1);
    }

    /// <summary>How many numbers there are, with <see cref="Other"/>.</summary>
    public int Count => _clipIds.Length + 1;

    /// <summary>The number of the end token.</summary>
    public int End => _numbers[ClipTokenizer.EndId];

    /// <summary>The tokens of a series' first captions.</summary>
    public static CaptionVocabulary Of(StarterScenes scenes)
    {
        var ids = new HashSet<int> { ClipTokenizer.StartId, ClipTokenizer.EndId };
        for (var i = 0; i < Sampled; i++)
        {
            ids.UnionWith(ClipTokenizer.Default.Encode(scenes[i].Caption));
        }

        return new CaptionVocabulary(ids);
    }

    /// <summary>The numbers of a caption's words, without start and end.</summary>
    public short[] Encode(string caption) =>
        [.. ClipTokenizer.Default.Encode(caption).Select(id => (short)_numbers.GetValueOrDefault(id, Other))];

    /// <summary>Lays words out as ComfyUI does: start, words, end, padded with end tokens.</summary>
    public void Lay(ReadOnlySpan<short> words, Span<long> sequence)
    {
        sequence.Fill(End);
        sequence[0] = _numbers[ClipTokenizer.StartId];
        var count = Math.Min(words.Length, Length - 2);
        for (var i = 0; i < count; i++)
        {
            sequence[i + 1] = words[i];
        }
    }

    /// <summary>For each of CLIP's tokens the number that stands for it.</summary>
    public long[] Expand(long vocabulary)
    {
        var numbers = new long[vocabulary];
        foreach (var (id, number) in _numbers)
        {
            numbers[id] = number;
        }

        return numbers;
    }
}
