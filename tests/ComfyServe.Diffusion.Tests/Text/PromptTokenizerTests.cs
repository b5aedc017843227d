using ComfyServe.Diffusion.Runtime;
using ComfyServe.Diffusion.Text;
using TorchSharp;

namespace ComfyServe.Diffusion.Tests.Text;

public sealed class PromptTokenizerTests
{
    static PromptTokenizerTests() => TorchRuntime.Initialize();

    [Fact]
    public void Tokenize_WeightedPrompt_KeepsWeightsPerToken()
    {
        var tokens = Tokenizer().Tokenize("a (cat:1.5) dog");

        var chunk = Assert.Single(tokens.Chunks);
        Assert.Equal([49406, 320, 2368, 1929, 49407], chunk.Take(5).Select(t => t.Id));
        Assert.Equal([1, 1, 1.5, 1, 1], chunk.Take(5).Select(t => t.Weight));
        Assert.True(tokens.IsWeighted);
    }

    [Fact]
    public void Tokenize_EightyWords_SplitsAfterSeventyFive()
    {
        var tokens = Tokenizer().Tokenize(string.Concat(Enumerable.Repeat("cat ", 80)));

        Assert.Equal(2, tokens.Chunks.Count);
        Assert.Equal(75, tokens.Chunks[0].Count(t => t.Id == 2368));
        Assert.Equal(5, tokens.Chunks[1].Count(t => t.Id == 2368));
        Assert.All(tokens.Chunks, chunk => Assert.Equal(PromptChunker.ChunkLength, chunk.Count));
    }

    [Fact]
    public void Tokenize_SmallGroupThatDoesNotFit_MovesToTheNextChunkWhole()
    {
        var tokens = Tokenizer().Tokenize(string.Concat(Enumerable.Repeat("cat ", 73)) + "(a photo of a cat:1.2)");

        Assert.Equal(ClipTokenizer.EndId, tokens.Chunks[0][74].Id);
        Assert.Equal([320, 1125, 539, 320, 2368], tokens.Chunks[1].Skip(1).Take(5).Select(t => t.Id));
    }

    [Fact]
    public void Tokenize_KnownEmbedding_TakesOneTokenPerVectorAndKeepsTheRest()
    {
        using var vectors = torch.ones(3, 4);

        var tokens = Tokenizer(name => name == "style" ? vectors : null).Tokenize("a (embedding:style, cat:1.4)");

        var chunk = Assert.Single(tokens.Chunks);
        Assert.Equal([0, 1, 2], chunk.Skip(2).Take(3).Select(t => t.Embedding!.Index));
        Assert.All(chunk.Skip(2).Take(5), t => Assert.Equal(1.4, t.Weight));
        Assert.Equal([267, 2368, ClipTokenizer.EndId], chunk.Skip(5).Take(3).Select(t => t.Id));
        Assert.Empty(tokens.MissingEmbeddings);
    }

    [Fact]
    public void Tokenize_MissingEmbedding_IsReportedAndLeftOut()
    {
        var tokens = Tokenizer(_ => null).Tokenize("embedding:nope, a cat");

        Assert.Equal(["nope,"], tokens.MissingEmbeddings);
        Assert.Equal([267, 320, 2368, ClipTokenizer.EndId], tokens.Chunks[0].Skip(1).Take(4).Select(t => t.Id));
    }

    [Fact]
    public void Tokenize_EmbeddingWithoutName_IsLeftOut()
    {
        var tokens = Tokenizer(_ => throw new InvalidOperationException("must not be asked")).Tokenize("embedding:");

        Assert.Equal([""], tokens.MissingEmbeddings);
    }

    private static PromptTokenizer Tokenizer(Func<string, torch.Tensor?>? find = null) => new(ClipTokenizer.Default, find);
}
