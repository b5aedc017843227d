using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Diffusion.Text;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ComfyServe.Diffusion.Models;

/// <summary>CLIP's text transformer (https://arxiv.org/abs/2103.00020, section 2.4): causal, pre-norm, learned positions.</summary>
public sealed class ClipTextModel : ITextEncoder, IDisposable
{
    private readonly Tensor _tokens;
    private readonly Tensor _positions;
    private readonly ClipLayer[] _layers;
    private readonly LayerNorm _finalNorm;
    private readonly Linear? _projection;
    private readonly ComputeFormat _format;
    private readonly IReadOnlyCollection<Tensor> _owned;

    /// <summary>Takes the weights; names start with <c>text_model.</c>, and <c>text_projection.</c> where there is one.</summary>
    /// <exception cref="CheckpointException">Weights are missing or have other shapes; the message names all of them.</exception>
    public ClipTextModel(ClipTextConfig config, WeightMap weights, ComputeFormat format)
    {
        Config = config;
        _format = format;
        var text = ClipTextConfig.TextOf(weights);
        _tokens = text.Take("embeddings.token_embedding.weight", config.Vocabulary, config.Width);
        _positions = text.Take("embeddings.position_embedding.weight", config.Positions, config.Width);
        _layers = [.. Enumerable.Range(0, config.Layers).Select(i => new ClipLayer(config, text["encoder"]["layers"][$"{i}"]))];
        _finalNorm = new LayerNorm(text["final_layer_norm"], config.Width);
        _projection = config.Projection > 0 ? new Linear(weights["text_projection"], config.Width, config.Projection, bias: false) : null;
        weights.ThrowIfIncomplete();
        _owned = weights.Owned;
        (Weights, Kernels) = (weights.Taken, weights.Kernels);
    }

    /// <summary>The sizes.</summary>
    public ClipTextConfig Config { get; }

    /// <inheritdoc/>
    public int EmbeddingWidth => (int)Config.Width;

    /// <summary>The weights by their names in the checkpoint.</summary>
    internal IReadOnlyDictionary<string, Tensor> Weights { get; }

    /// <summary>What the layers compute with.</summary>
    internal Kernels Kernels { get; }

    /// <summary>The number format.</summary>
    internal ComputeFormat Format => _format;

    /// <summary>Bytes of memory that the weights take.</summary>
    public long ByteSize => _owned.Sum(t => t.numel() * t.element_size());

    /// <summary>Looks up token embeddings, without positions: ids [B, N] → [B, N, width], fp32. Textual inversion replaces rows of it.</summary>
    public Tensor Embed(Tensor ids)
    {
        using var scope = NewDisposeScope();
        var rows = _tokens.index_select(0, ids.to(ScalarType.Int64, _tokens.device).reshape(-1)); // [B·N, width]
        return ComputeFormat.Result(rows.view(ids.shape[0], ids.shape[1], Config.Width)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public TextStates Encode(Tensor tokenIds, IReadOnlyList<TokenVector> vectors, int layer)
    {
        using var scope = NewDisposeScope();
        var embeddings = Embed(tokenIds); // [B, N, width]
        foreach (var (chunk, position, vector) in vectors)
        {
            embeddings.select(0, chunk).select(0, position).copy_(vector);
        }

        var output = Move(Forward(embeddings, Ends(tokenIds), layer));
        output.Projected?.Dispose();
        return new TextStates(output.Hidden, output.Pooled);
    }

    /// <summary>Encodes sequences of token ids.</summary>
    /// <param name="ids">Token ids [B, N], N ≤ <see cref="ClipTextConfig.Positions"/>, int64.</param>
    /// <param name="stopAtLayer">Which layer <see cref="ClipTextOutput.Hidden"/> comes from, counted from the end: −1 the last, −2 the one before; beyond the first layer means the last.</param>
    public ClipTextOutput Forward(Tensor ids, int stopAtLayer = -1)
    {
        using var scope = NewDisposeScope();
        return Move(Forward(Embed(ids), Ends(ids), stopAtLayer));
    }

    /// <summary>Encodes sequences of embeddings.</summary>
    /// <param name="embeddings">Token embeddings without positions, [B, N, width].</param>
    /// <param name="ends">Position of each sequence's end token, int64 [B].</param>
    /// <param name="stopAtLayer">As for token ids.</param>
    public ClipTextOutput Forward(Tensor embeddings, Tensor ends, int stopAtLayer = -1)
    {
        using var scope = NewDisposeScope();
        var (batch, length) = (embeddings.shape[0], embeddings.shape[1]);
        var x = _format.Activation(embeddings) + _positions.narrow(0, 0, length); // [B, N, width]
        var stop = stopAtLayer < 0 && -stopAtLayer <= Config.Layers ? Config.Layers + stopAtLayer : Config.Layers - 1;
        var chosen = x;
        for (var i = 0; i < _layers.Length; i++)
        {
            x = _layers[i].Forward(x);
            chosen = i == stop ? x : chosen;
        }

        var last = _finalNorm.Forward(x); // [B, N, width]
        var hidden = ReferenceEquals(chosen, x) ? last : _finalNorm.Forward(chosen); // [B, N, width]
        var index = arange(0, batch, ScalarType.Int64, last.device) * length + ends.to(last.device); // [B]
        var pooled = last.reshape(batch * length, Config.Width).index_select(0, index); // [B, width]
        var projected = _projection?.Forward(pooled); // [B, projection]
        return Move(new ClipTextOutput(
            ComputeFormat.Result(hidden), ComputeFormat.Result(pooled), projected is null ? null : ComputeFormat.Result(projected)));
    }

    /// <summary>Gives the weights' memory back.</summary>
    public void Dispose()
    {
        foreach (var tensor in _owned)
        {
            tensor.Dispose();
        }
    }

    /// <summary>Position of the first end token in each row; 0 where there is none.</summary>
    private Tensor Ends(Tensor ids) => (ids == Config.EndToken).to(ScalarType.Int32).argmax(-1); // [B]

    private static ClipTextOutput Move(ClipTextOutput output)
    {
        output.Hidden.MoveToOuterDisposeScope();
        output.Pooled.MoveToOuterDisposeScope();
        output.Projected?.MoveToOuterDisposeScope();
        return output;
    }

    private sealed class ClipLayer(ClipTextConfig config, WeightMap weights)
    {
        private readonly LayerNorm _norm1 = new(weights["layer_norm1"], config.Width);
        private readonly Linear _query = new(weights["self_attn"]["q_proj"], config.Width, config.Width);
        private readonly Linear _key = new(weights["self_attn"]["k_proj"], config.Width, config.Width);
        private readonly Linear _value = new(weights["self_attn"]["v_proj"], config.Width, config.Width);
        private readonly Linear _output = new(weights["self_attn"]["out_proj"], config.Width, config.Width);
        private readonly LayerNorm _norm2 = new(weights["layer_norm2"], config.Width);
        private readonly Linear _up = new(weights["mlp"]["fc1"], config.Width, config.FeedForward);
        private readonly Linear _down = new(weights["mlp"]["fc2"], config.FeedForward, config.Width);

        public Tensor Forward(Tensor x)
        {
            using var scope = NewDisposeScope();
            var normed = _norm1.Forward(x); // [B, N, width]
            var attended = Attention.Forward(
                _query.Forward(normed), _key.Forward(normed), _value.Forward(normed), config.Heads, causal: true); // [B, N, width]
            x = x + _output.Forward(attended); // [B, N, width]
            var inner = _up.Forward(_norm2.Forward(x)); // [B, N, feed-forward]
            inner = config.QuickGelu ? inner * (inner * 1.702).sigmoid() : gelu(inner); // [B, N, feed-forward]
            return (x + _down.Forward(inner)).MoveToOuterDisposeScope(); // [B, N, width]
        }
    }
}
