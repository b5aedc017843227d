using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Guidance;

/// <summary>One encoded prompt, and where, when and how strongly it applies. A conditioning is a list of these.</summary>
public sealed record ConditioningEntry
{
    /// <summary>Encoded text, fp32 [1 or B, N, context width].</summary>
    public required Tensor Context { get; init; }

    /// <summary>The pooled state, fp32 [1, width], where the text encoder gives one.</summary>
    public Tensor? Pooled { get; init; }

    /// <summary>Where it applies; null: everywhere.</summary>
    public ConditioningArea? Area { get; init; }

    /// <summary>Weight against the other entries.</summary>
    public double Strength { get; init; } = 1;

    /// <summary>Weight of each place, [1 or B, H, W] of any size; null: 1 everywhere.</summary>
    public Tensor? Mask { get; init; }

    /// <summary>Factor on the mask.</summary>
    public double MaskStrength { get; init; } = 1;

    /// <summary>True to let the network see only the box around the mask.</summary>
    public bool IsAreaOfMask { get; init; }

    /// <summary>From which part of the way on it applies, 0 (pure noise) to 1 (the image); null: from the start.</summary>
    public double? StartPercent { get; init; }

    /// <summary>Until which part of the way it applies; null: to the end.</summary>
    public double? EndPercent { get; init; }

    /// <summary>Images that steer the network; what they add is summed.</summary>
    public IReadOnlyList<Control> Controls { get; init; } = [];

    /// <summary>True to let the controls of a positive conditioning apply to a negative one that has none.</summary>
    public bool ControlsBoth { get; init; }

    /// <summary>Every tensor of the entry.</summary>
    public IEnumerable<Tensor> Tensors
    {
        get
        {
            yield return Context;
            if (Pooled is not null)
            {
                yield return Pooled;
            }

            if (Mask is not null)
            {
                yield return Mask;
            }

            foreach (var control in Controls)
            {
                yield return control.Hint;
            }
        }
    }
}
