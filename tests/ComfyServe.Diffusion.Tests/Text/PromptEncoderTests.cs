using ComfyServe.Diffusion.Runtime;
using ComfyServe.Diffusion.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Text;

public sealed class PromptEncoderTests
{
    static PromptEncoderTests() => TorchRuntime.Initialize();

    [Fact]
    public void Encode_PlainPrompt_AsksForItsChunksOnly()
    {
        using var scope = NewDisposeScope();
        var encoder = new CountingEncoder();

        var encoding = PromptEncoder.Encode(encoder, Tokens("a cat"), layer: -2);

        Assert.Equal([1, 77], encoder.Shape);
        Assert.Equal(-2, encoder.Layer);
        Assert.Equal([1, 77, 2], encoding.Hidden.shape);
        Assert.Equal([1, 2], encoding.Pooled.shape);
    }

    [Fact]
    public void Encode_WeightedToken_MovesFromTheEmptyPromptsState()
    {
        using var scope = NewDisposeScope();

        // States are ids: 'cat' is 2368 where the empty prompt has 49407.
        var hidden = PromptEncoder.Encode(new CountingEncoder(), Tokens("a (cat:1.5)")).Hidden;

        Assert.Equal(320f, hidden[0, 1, 0].item<float>());
        Assert.Equal(((2368f - 49407f) * 1.5f) + 49407f, hidden[0, 2, 0].item<float>());
        Assert.Equal(49407f, hidden[0, 3, 0].item<float>());
    }

    [Fact]
    public void Encode_LongPrompt_JoinsChunksAndPoolsTheFirst()
    {
        using var scope = NewDisposeScope();

        var encoding = PromptEncoder.Encode(new CountingEncoder(), Tokens(string.Concat(Enumerable.Repeat("cat ", 80))));

        Assert.Equal([1, 154, 2], encoding.Hidden.shape);
        Assert.Equal(49406f, encoding.Hidden[0, 77, 0].item<float>());
        Assert.Equal(0f, encoding.Pooled[0, 0].item<float>());
    }

    [Fact]
    public void Encode_Embedding_HandsItsVectorsOver()
    {
        using var scope = NewDisposeScope();
        var encoder = new CountingEncoder();
        var vectors = tensor(new float[,] { { 7, 8 }, { 9, 10 } });

        PromptEncoder.Encode(encoder, Tokens("a embedding:x", _ => vectors));

        Assert.Equal([(0, 2, 7f), (0, 3, 9f)], encoder.Vectors);
    }

    [Fact]
    public void Encode_EmbeddingOfAnotherWidth_IsRefused()
    {
        using var scope = NewDisposeScope();
        var tokens = Tokens("embedding:x", _ => zeros(1, 3));

        var error = Assert.Throws<ArgumentException>(() => PromptEncoder.Encode(new CountingEncoder(), tokens));
        Assert.Contains("3 values", error.Message);
    }

    [Fact]
    public void Encode_TwoHundredTimes_LeavesNoTensors()
    {
        var tokens = Tokens("a (cat:1.5)");
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        for (var i = 0; i < 200; i++)
        {
            var encoding = PromptEncoder.Encode(new CountingEncoder(), tokens);
            encoding.Hidden.Dispose();
            encoding.Pooled.Dispose();
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static PromptTokens Tokens(string prompt, Func<string, Tensor?>? find = null) =>
        new PromptTokenizer(ClipTokenizer.Default, find).Tokenize(prompt);

    /// <summary>States are the token ids; the pooled state is the chunk's number.</summary>
    private sealed class CountingEncoder : ITextEncoder
    {
        public int EmbeddingWidth => 2;

        public long[] Shape { get; private set; } = [];

        public int Layer { get; private set; }

        public List<(int Chunk, int Position, float First)> Vectors { get; } = [];

        public TextStates Encode(Tensor tokenIds, IReadOnlyList<TokenVector> vectors, int layer)
        {
            Shape = tokenIds.shape;
            Layer = layer;
            Vectors.AddRange(vectors.Select(v => (v.Chunk, v.Position, v.Vector[0].item<float>())));
            return new TextStates(
                tokenIds.to(float32).unsqueeze(-1).expand(-1, -1, 2),
                arange(tokenIds.shape[0], dtype: float32).unsqueeze(-1).expand(-1, 2));
        }
    }
}
