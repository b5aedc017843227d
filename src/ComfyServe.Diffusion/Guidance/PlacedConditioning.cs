using System.Runtime.CompilerServices;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ComfyServe.Diffusion.Guidance;

/// <summary>A conditioning entry fitted to the latents of one run.</summary>
internal sealed record PlacedConditioning
{
    // Areas fade out towards other areas over so many cells at most.
    private const long Feather = 8;
    private const long LeastBoxSide = 8;

    public required Tensor Context { get; init; }

    /// <summary>What the network sees; null: everything.</summary>
    public LatentArea? Area { get; init; }

    /// <summary>[1 or B, rows, columns] of the latents.</summary>
    public Tensor? Mask { get; init; }

    public double Strength { get; init; } = 1;

    public double MaskStrength { get; init; } = 1;

    public IReadOnlyList<PlacedControl> Controls { get; init; } = [];

    public bool ControlsBoth { get; init; }

    public float StartSigma { get; init; } = float.PositiveInfinity;

    public float EndSigma { get; init; }

    /// <summary>True when it alone decides everywhere.</summary>
    public bool IsPlain => Area is null && Mask is null && Strength == 1;

    /// <summary>Fits an entry to latents of that size. New tensors belong to the caller's dispose scope.</summary>
    public static PlacedConditioning Place(ConditioningEntry entry, DiffusionModel model, long rows, long columns)
    {
        var schedule = model.Schedule;
        var mask = entry.Mask is null ? null : Fit(entry.Mask, rows, columns);
        var area = mask is not null && entry.IsAreaOfMask ? BoxOf(mask) : entry.Area?.Resolve(rows, columns);
        return new PlacedConditioning
        {
            Context = entry.Context,
            Area = area?.Within(rows, columns),
            Mask = mask,
            Strength = entry.Strength,
            MaskStrength = entry.MaskStrength,
            Controls = [.. entry.Controls.Select(control => PlacedControl.Place(control, model))],
            ControlsBoth = entry.ControlsBoth,
            StartSigma = entry.StartPercent is { } start ? (float)schedule.PercentToSigma(start) : float.PositiveInfinity,
            EndSigma = entry.EndPercent is { } end ? (float)schedule.PercentToSigma(end) : 0,
        };
    }

    /// <summary>One entry is another than the next, whatever is in them: comparing tensors would compare their elements.</summary>
    public bool Equals(PlacedConditioning? other) => ReferenceEquals(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);

    public bool IsActive(double sigma) => (float)sigma <= StartSigma && (float)sigma >= EndSigma;

    /// <summary>What the network sees of [B, C, rows, columns]: a view.</summary>
    public Tensor Crop(Tensor x) => Area is { } area ? x.narrow(2, area.Top, area.Rows).narrow(3, area.Left, area.Columns) : x;

    /// <summary>The weight of each cell that the network sees, [B or 1, 1, h, w].</summary>
    public Tensor Weights(long batch, long rows, long columns)
    {
        using var scope = NewDisposeScope();
        if (Mask is not null)
        {
            var all = (Mask.shape[0] > batch ? Mask.narrow(0, 0, batch) : Mask).unsqueeze(1); // [1 or B, 1, rows, columns]
            var fitted = all.shape[0] is 1 ? all : Batches.Repeat(all, batch);
            return (Crop(fitted) * (MaskStrength * Strength)).MoveToOuterDisposeScope();
        }

        var (height, width) = Area is { } seen ? (seen.Rows, seen.Columns) : (rows, columns);
        var weights = full([1, 1, height, width], (float)Strength);
        if (Area is { } area)
        {
            Fade(weights, 2, area.Rows, area.Top, rows);
            Fade(weights, 3, area.Columns, area.Left, columns);
        }

        return weights.MoveToOuterDisposeScope();
    }

    /// <summary>Linear ramps at the edges that are not the image's own.</summary>
    private static void Fade(Tensor weights, int dimension, long length, long start, long whole)
    {
        var ramp = Math.Min(Feather, length / 4);
        for (var i = 0L; i < ramp; i++)
        {
            var factor = 1.0 / ramp * (i + 1);
            if (start != 0)
            {
                weights.narrow(dimension, i, 1).mul_(factor);
            }

            if (start + length < whole)
            {
                weights.narrow(dimension, length - 1 - i, 1).mul_(factor);
            }
        }
    }

    private static Tensor Fit(Tensor mask, long rows, long columns)
    {
        var batch = (mask.dim() == 2 ? mask.unsqueeze(0) : mask).to(ScalarType.Float32); // [B, H, W]
        return batch.shape[1] == rows && batch.shape[2] == columns
            ? batch
            : interpolate(batch.unsqueeze(1), [rows, columns], mode: InterpolationMode.Bilinear, align_corners: false).squeeze(1);
    }

    /// <summary>The box around everything that is not 0, at least 8 × 8 cells; at the top left where all is 0.</summary>
    private static LatentArea BoxOf(Tensor mask)
    {
        using var scope = NewDisposeScope();
        var cells = (mask.abs().amax([0]) != 0).nonzero(); // [n, 2]
        if (cells.shape[0] == 0)
        {
            return new LatentArea(LeastBoxSide, LeastBoxSide, 0, 0);
        }

        var first = cells.amin([0]).data<long>();
        var last = cells.amax([0]).data<long>();
        return new LatentArea(
            Math.Max(LeastBoxSide, last[0] - first[0] + 1), Math.Max(LeastBoxSide, last[1] - first[1] + 1), first[0], first[1]);
    }
}
