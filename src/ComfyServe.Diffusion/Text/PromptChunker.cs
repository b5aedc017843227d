namespace ComfyServe.Diffusion.Text;

/// <summary>Lays groups of tokens out in chunks of 77: start, up to 75 tokens, end, padding.</summary>
/// <remarks>
/// A group of fewer than eight tokens that does not fit moves to the next chunk as a whole; a longer one is cut.
/// </remarks>
public static class PromptChunker
{
    /// <summary>Tokens in a chunk, as many as CLIP has positions.</summary>
    public const int ChunkLength = 77;

    private const int LargeGroup = 8;
    private static readonly PromptToken Start = new(ClipTokenizer.StartId, 1, 0);
    private static readonly PromptToken End = new(ClipTokenizer.EndId, 1, 0);

    /// <summary>The chunks of the given groups; an empty prompt is one chunk of start, end and padding.</summary>
    public static IReadOnlyList<IReadOnlyList<PromptToken>> Chunk(IEnumerable<IReadOnlyList<PromptToken>> groups)
    {
        ArgumentNullException.ThrowIfNull(groups);
        var chunk = new List<PromptToken>(ChunkLength) { Start };
        List<IReadOnlyList<PromptToken>> chunks = [chunk];
        foreach (var group in groups)
        {
            var rest = group.AsEnumerable();
            var left = group.Count;
            while (left > 0)
            {
                var room = ChunkLength - chunk.Count - 1;
                if (left <= room)
                {
                    chunk.AddRange(rest);
                    break;
                }

                if (group.Count >= LargeGroup)
                {
                    chunk.AddRange(rest.Take(room));
                    rest = rest.Skip(room);
                    left -= room;
                }

                Pad(chunk);
                chunk = new(ChunkLength) { Start };
                chunks.Add(chunk);
            }
        }

        Pad(chunk);
        return chunks;
    }

    private static void Pad(List<PromptToken> chunk)
    {
        while (chunk.Count < ChunkLength)
        {
            chunk.Add(End);
        }
    }
}
