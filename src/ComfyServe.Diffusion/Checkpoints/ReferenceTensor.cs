using System.Globalization;
using System.Runtime.InteropServices;

namespace ComfyServe.Diffusion.Checkpoints;

/// <summary>One tensor of the reference checkpoint: seeded weights, or given content (schedule buffers and counters).</summary>
/// <param name="Name">The key.</param>
/// <param name="Dtype">The element type.</param>
/// <param name="Shape">The dimensions.</param>
/// <param name="Content">The bytes, or null where weights are seeded.</param>
internal sealed record ReferenceTensor(string Name, SafetensorsDtype Dtype, IReadOnlyList<long> Shape, byte[]? Content)
{
    private const string Resource = "ComfyServe.Diffusion.Checkpoints.Resources.sd15-shapes.txt";
    private const double VarianceFloor = 1e-20;

    /// <summary>Bytes of data.</summary>
    public long Length { get; } = Shape.Aggregate((long)Dtype.Size, static (a, b) => a * b);

    /// <summary>Middle of the seeded values: 1 for the weights of norms, else 0.</summary>
    public float Center => Kind == WeightKind.Norm ? 1 : 0;

    /// <summary>Largest distance of a seeded value from the middle. Matrices: √(3 ÷ fan-in), which keeps variance 1 ÷ fan-in.</summary>
    public float Bound => Kind switch
    {
        WeightKind.TokenEmbedding => 0.05f,
        WeightKind.PositionEmbedding => 0.02f,
        WeightKind.Bias => 0.05f,
        WeightKind.Norm => 0.1f,
        _ => (float)Math.Sqrt(3.0 / Shape.Skip(1).Aggregate(1L, static (a, b) => a * b)),
    };

    private WeightKind Kind => Name switch
    {
        _ when Name.EndsWith("token_embedding.weight", StringComparison.Ordinal) => WeightKind.TokenEmbedding,
        _ when Name.EndsWith("position_embedding.weight", StringComparison.Ordinal) => WeightKind.PositionEmbedding,
        _ when Name.EndsWith(".bias", StringComparison.Ordinal) => WeightKind.Bias,
        _ => Shape.Count >= 2 ? WeightKind.Matrix : WeightKind.Norm,
    };

    /// <summary>All tensors in the order of the file: larger elements first, then by name.</summary>
    public static IReadOnlyList<ReferenceTensor> All() =>
        [.. Seeded().Concat(Schedule()).Concat(Counters()).OrderByDescending(t => t.Dtype.Size).ThenBy(t => t.Name, StringComparer.Ordinal)];

    private static IEnumerable<ReferenceTensor> Seeded()
    {
        using var stream = typeof(ReferenceTensor).Assembly.GetManifestResourceStream(Resource)!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            var words = line.Split(' ');
            yield return new ReferenceTensor(words[0], Type("F16"), [.. words.Skip(1).Select(w => long.Parse(w, CultureInfo.InvariantCulture))], null);
        }
    }

    private static IEnumerable<ReferenceTensor> Counters()
    {
        long[] positions = [.. Enumerable.Range(0, 77)];
        yield return new ReferenceTensor(
            "cond_stage_model.transformer.text_model.embeddings.position_ids", Type("I64"), [1, 77], MemoryMarshal.AsBytes(positions.AsSpan()).ToArray());
        yield return new ReferenceTensor("model_ema.decay", Type("F16"), [], HalfBytes([0.9999]));
        yield return new ReferenceTensor("model_ema.num_updates", Type("I32"), [], BitConverter.GetBytes(840_001));
    }

    /// <summary>The buffers that the original training code stores (https://arxiv.org/abs/2006.11239, equations 4 to 7).</summary>
    private static IEnumerable<ReferenceTensor> Schedule()
    {
        const int Steps = 1000;
        var (first, last) = (Math.Sqrt(0.00085), Math.Sqrt(0.012));
        double[] betas = [.. Enumerable.Range(0, Steps).Select(i => i == Steps - 1 ? last : first + (i * ((last - first) / (Steps - 1)))).Select(r => r * r)];
        var product = 1.0;
        double[] cumulative = [.. betas.Select(b => product *= 1 - b)];
        double[] previous = [1, .. cumulative[..^1]];
        double[] variance = [.. Enumerable.Range(0, Steps).Select(i => betas[i] * (1 - previous[i]) / (1 - cumulative[i]))];
        yield return Buffer("betas", betas);
        yield return Buffer("alphas_cumprod", cumulative);
        yield return Buffer("alphas_cumprod_prev", previous);
        yield return Buffer("sqrt_alphas_cumprod", cumulative.Select(Math.Sqrt));
        yield return Buffer("sqrt_one_minus_alphas_cumprod", cumulative.Select(a => Math.Sqrt(1 - a)));
        yield return Buffer("log_one_minus_alphas_cumprod", cumulative.Select(a => Math.Log(1 - a)));
        yield return Buffer("sqrt_recip_alphas_cumprod", cumulative.Select(a => Math.Sqrt(1 / a)));
        yield return Buffer("sqrt_recipm1_alphas_cumprod", cumulative.Select(a => Math.Sqrt((1 / a) - 1)));
        yield return Buffer("posterior_variance", variance);
        yield return Buffer("posterior_log_variance_clipped", variance.Select(v => Math.Log(Math.Max(v, VarianceFloor))));
        yield return Buffer("posterior_mean_coef1", betas.Select((b, i) => b * Math.Sqrt(previous[i]) / (1 - cumulative[i])));
        yield return Buffer("posterior_mean_coef2", betas.Select((b, i) => (1 - previous[i]) * Math.Sqrt(1 - b) / (1 - cumulative[i])));
    }

    private static ReferenceTensor Buffer(string name, IEnumerable<double> values)
    {
        var bytes = HalfBytes(values);
        return new ReferenceTensor(name, Type("F16"), [bytes.Length / 2], bytes);
    }

    private static byte[] HalfBytes(IEnumerable<double> values) =>
        MemoryMarshal.AsBytes(values.Select(v => (Half)(float)v).ToArray().AsSpan()).ToArray();

    private static SafetensorsDtype Type(string name) => SafetensorsDtype.Find(name)!;

    private enum WeightKind
    {
        TokenEmbedding,
        PositionEmbedding,
        Bias,
        Matrix,
        Norm,
    }
}
