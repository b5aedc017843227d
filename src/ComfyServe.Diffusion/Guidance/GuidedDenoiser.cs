using ComfyServe.Diffusion.Sampling;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Guidance;

/// <summary>Classifier-free guidance (Ho and Salimans 2022): D = U + (C − U)·scale, where C and U are what the network
/// estimates with the positive and the negative conditioning.</summary>
/// <remarks>
/// Each conditioning is a list of entries; their estimates are averaged with the weights of each cell. Entries that see
/// latents of one size go through the network as one batch. Made for one run: it fits the entries to the latents' size.
/// </remarks>
public sealed class GuidedDenoiser : IDenoiser
{
    // Token counts are made equal by repetition, unless that makes one more than so many times longer.
    private const long LongestRepeat = 4;

    // Latent cells in one call of the network: eight images of 512×512. More would only take memory.
    private const long MaxCells = 8 * 64 * 64;
    private const double NoGuidance = 1e-9;
    private readonly DiffusionModel _model;
    private readonly double _scale;
    private readonly List<PlacedConditioning> _positive;
    private readonly List<PlacedConditioning> _negative;

    /// <summary>Prepares a run. Tensors made for it belong to the caller's dispose scope, which must last as long.</summary>
    /// <param name="model">The network.</param>
    /// <param name="positive">What to draw.</param>
    /// <param name="negative">What to move away from; not evaluated where <paramref name="scale"/> is 1.</param>
    /// <param name="scale">How strongly: 1 is no guidance.</param>
    /// <param name="rows">Height of the latents.</param>
    /// <param name="columns">Width of the latents.</param>
    /// <exception cref="ArgumentException">An area lies outside of the latents.</exception>
    public GuidedDenoiser(
        DiffusionModel model,
        IReadOnlyList<ConditioningEntry> positive,
        IReadOnlyList<ConditioningEntry> negative,
        double scale,
        long rows,
        long columns)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(positive);
        ArgumentNullException.ThrowIfNull(negative);
        (_model, _scale) = (model, scale);
        _positive = [.. positive.Select(entry => PlacedConditioning.Place(entry, model, rows, columns))];
        _negative = [.. negative.Select(entry => PlacedConditioning.Place(entry, model, rows, columns))];
        AddSameAreas(_positive, _negative);
        AddSameAreas(_negative, _positive);
        ShareControls(_positive, _negative);
    }

    private bool IsGuided => Math.Abs(_scale - 1) > NoGuidance * Math.Max(1, Math.Abs(_scale));

    /// <inheritdoc/>
    public Denoised Denoise(Tensor x, double sigma, bool unconditional = false)
    {
        ArgumentNullException.ThrowIfNull(x);
        using var scope = NewDisposeScope();
        if (!IsGuided && !unconditional)
        {
            var alone = Average(x, Evaluate(x, sigma, [.. Active(_positive, sigma)]), _positive);
            return new Denoised(alone.MoveToOuterDisposeScope(), null);
        }

        var estimates = Evaluate(x, sigma, [.. Active(_positive, sigma), .. Active(_negative, sigma)]);
        var positive = Average(x, estimates, _positive);
        var negative = Average(x, estimates, _negative);
        var guided = negative + ((positive - negative) * _scale);
        if (_model.GuidanceRescale > 0)
        {
            guided = Rescaled(x, sigma, positive, guided);
        }

        return new Denoised(guided.MoveToOuterDisposeScope(), unconditional ? negative.MoveToOuterDisposeScope() : null);
    }

    /// <summary>Gives the guided velocity the positive one's deviation, in part.</summary>
    private Tensor Rescaled(Tensor x, double sigma, Tensor positive, Tensor guided)
    {
        var root = Math.Sqrt((sigma * sigma) + 1);
        var origin = x / (root * root);
        Tensor Velocity(Tensor denoised) => (origin - denoised) * (root / sigma); // [B, C, H, W]
        static Tensor Deviation(Tensor velocity) => velocity.std([1, 2, 3], keepdim: true); // [B, 1, 1, 1]
        var (led, whole) = (Velocity(positive), Velocity(guided));
        var matched = whole * (Deviation(led) / Deviation(whole));
        var velocity = (matched * _model.GuidanceRescale) + (whole * (1 - _model.GuidanceRescale));
        return origin - (velocity * (sigma / root));
    }

    private static IEnumerable<PlacedConditioning> Active(List<PlacedConditioning> entries, double sigma) =>
        entries.Where(entry => entry.IsActive(sigma));

    /// <summary>Gives <paramref name="others"/> an entry for each area of <paramref name="entries"/>, so that guidance compares
    /// estimates of the same crop: the text of the smallest area around it.</summary>
    private static void AddSameAreas(List<PlacedConditioning> entries, List<PlacedConditioning> others)
    {
        foreach (var entry in entries)
        {
            if (entry.Area is not { } area)
            {
                continue;
            }

            var around = others
                .Where(other => other.Area is not { } bounds || bounds.Contains(area))
                .MinBy(other => other.Area?.Size ?? long.MaxValue);
            if (around is not null && around.Area != area)
            {
                others.Add(entry with { Context = around.Context });
            }
        }
    }

    /// <summary>Gives negative entries the controls of positive ones that apply to both, in turn, unless one has its own.</summary>
    private static void ShareControls(List<PlacedConditioning> positive, List<PlacedConditioning> negative)
    {
        var shared = positive.Where(static entry => entry is { ControlsBoth: true, Controls.Count: > 0, Area: null }).ToList();
        var wanting = Enumerable.Range(0, negative.Count).Where(i => negative[i].Area is null).ToList();
        if (wanting.Count == 0 || wanting.Exists(i => negative[i].Controls.Count > 0))
        {
            return;
        }

        for (var i = 0; i < shared.Count; i++)
        {
            var place = wanting[i % wanting.Count];
            negative[place] = negative[place] with { Controls = shared[i].Controls };
        }
    }

    /// <summary>The network's estimate for each entry, of what it sees.</summary>
    private Dictionary<PlacedConditioning, Tensor> Evaluate(Tensor x, double sigma, List<PlacedConditioning> entries)
    {
        // Negative before positive, last before first: the order of ComfyUI's batches, which decides the last bits.
        var waiting = Enumerable.Reverse(entries).ToList();
        var estimates = new Dictionary<PlacedConditioning, Tensor>();
        while (waiting.Count > 0)
        {
            var group = TakeGroup(x, waiting);
            var (seen, context) = (Join(x, group), Contexts(x.shape[0], group));
            var parts = _model.Denoise(seen, sigma, context, group[0].Controls, x.shape[0]).chunk(group.Count, 0); // [B, C, h, w] each
            for (var i = 0; i < group.Count; i++)
            {
                estimates[group[i]] = parts[i];
            }
        }

        return estimates;
    }

    private static List<PlacedConditioning> TakeGroup(Tensor x, List<PlacedConditioning> waiting)
    {
        var first = waiting[0];
        var size = (first.Area?.Size ?? (x.shape[2] * x.shape[3])) * x.shape[0];
        var most = (int)Math.Clamp(MaxCells / size, 1, waiting.Count);
        var group = waiting.Where(entry => FitTogether(first, entry)).Take(most).ToList();
        waiting.RemoveAll(group.Contains);
        return group;
    }

    private static bool FitTogether(PlacedConditioning a, PlacedConditioning b)
    {
        if (a.Area?.Rows != b.Area?.Rows || a.Area?.Columns != b.Area?.Columns)
        {
            return false;
        }

        if (!a.Controls.Select(static placed => placed.Control).SequenceEqual(b.Controls.Select(static placed => placed.Control), ReferenceEqualityComparer.Instance))
        {
            return false;
        }

        var (one, two) = (a.Context.shape, b.Context.shape);
        return one[0] == two[0] && one[2] == two[2] && Multiple(one[1], two[1]) / Math.Min(one[1], two[1]) <= LongestRepeat;
    }

    private static Tensor Join(Tensor x, List<PlacedConditioning> group) =>
        group.Count == 1 ? group[0].Crop(x) : cat([.. group.Select(entry => entry.Crop(x))]);

    private static Tensor Contexts(long batch, List<PlacedConditioning> group)
    {
        var tokens = group.Aggregate(1L, (length, entry) => Multiple(length, entry.Context.shape[1]));
        return cat([.. group.Select(entry =>
        {
            var context = Batches.Repeat(entry.Context, batch); // [B, N, C]
            return context.shape[1] == tokens ? context : context.repeat(1, tokens / context.shape[1], 1);
        })]);
    }

    private static long Multiple(long a, long b)
    {
        var (x, y) = (a, b);
        while (y != 0)
        {
            (x, y) = (y, x % y);
        }

        return a / x * b;
    }

    /// <summary>Σ D·w ÷ Σ w over the entries that are active.</summary>
    private static Tensor Average(Tensor x, Dictionary<PlacedConditioning, Tensor> estimates, List<PlacedConditioning> entries)
    {
        if (entries is [{ IsPlain: true } only] && estimates.TryGetValue(only, out var whole))
        {
            return whole;
        }

        var (batch, rows, columns) = (x.shape[0], x.shape[2], x.shape[3]);
        var sum = zeros_like(x);
        var total = full([batch, 1, rows, columns], 1e-37f); // not 0: what nobody decides becomes 0
        foreach (var entry in entries)
        {
            if (estimates.TryGetValue(entry, out var estimate))
            {
                var weights = entry.Weights(batch, rows, columns);
                entry.Crop(sum).add_(estimate * weights);
                entry.Crop(total).add_(weights);
            }
        }

        return sum / total;
    }
}
