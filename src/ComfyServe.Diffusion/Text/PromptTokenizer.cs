using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Text;

/// <summary>Turns a prompt with weights and <c>embedding:</c> names into chunks of tokens.</summary>
/// <param name="tokenizer">The vocabulary.</param>
/// <param name="findEmbedding">Resolves the name after <c>embedding:</c> to vectors [N, C] or [C], or null when there
/// is none. Without it the words are ordinary text.</param>
public sealed class PromptTokenizer(ClipTokenizer tokenizer, Func<string, Tensor?>? findEmbedding = null)
{
    private const string Marker = "embedding:";
    private static readonly string[] Separators = [" " + Marker, "\n" + Marker];

    /// <summary>Reads a prompt. Never fails: what is not understood is text, and missing embeddings are reported.</summary>
    public PromptTokens Tokenize(string prompt)
    {
        var groups = new List<IReadOnlyList<PromptToken>>();
        var missing = new List<string>();
        foreach (var segment in PromptWeights.Parse(prompt))
        {
            foreach (var part in SplitAtMarkers(segment.Text))
            {
                AddPart(part, segment.Weight, groups, missing);
            }
        }

        return new PromptTokens(PromptChunker.Chunk(groups), missing);
    }

    private static IEnumerable<string> SplitAtMarkers(string text) => text
        .Split(Separators, StringSplitOptions.None)
        .Select((part, index) => index == 0 ? part : Marker + part)
        .Where(part => part.Length > 0);

    private void AddPart(string part, double weight, List<IReadOnlyList<PromptToken>> groups, List<string> missing)
    {
        var text = part;
        if (findEmbedding is not null && part.StartsWith(Marker, StringComparison.Ordinal))
        {
            var words = part[Marker.Length..].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            var name = words.Length > 0 ? words[0] : "";
            text = string.Join(' ', words.Skip(1));
            var (vectors, used) = Resolve(findEmbedding, name);
            text = used.Length < name.Length ? $"{name[used.Length..]} {text}" : text;
            if (vectors is null)
            {
                missing.Add(name);
            }
            else
            {
                groups.Add(EmbeddingGroup(vectors, weight, groups.Count + 1));
            }

            if (text.Length == 0)
            {
                return;
            }
        }

        var number = groups.Count + 1;
        groups.Add([.. tokenizer.Encode(text).Select(id => new PromptToken(id, weight, number))]);
    }

    /// <summary>The name as it is, then without commas around it.</summary>
    private static (Tensor? Vectors, string Used) Resolve(Func<string, Tensor?> find, string name)
    {
        if (name.Length == 0)
        {
            return (null, name);
        }

        var stripped = name.Trim(',');
        var vectors = find(name);
        return vectors is not null || stripped.Length == name.Length || stripped.Length == 0
            ? (vectors, name)
            : (find(stripped), stripped);
    }

    private static PromptToken[] EmbeddingGroup(Tensor vectors, double weight, int number)
    {
        var rows = vectors.dim() == 1 ? vectors.unsqueeze(0) : vectors;
        if (rows.dim() != 2)
        {
            throw new ArgumentException($"an embedding must be [N, C] or [C] but has {vectors.dim()} dimensions", nameof(vectors));
        }

        return [.. Enumerable.Range(0, (int)rows.shape[0])
            .Select(row => new PromptToken(0, weight, number, new EmbeddingRow(rows, row)))];
    }
}
