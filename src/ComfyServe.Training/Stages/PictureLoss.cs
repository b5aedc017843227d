using static TorchSharp.torch;

namespace ComfyServe.Training.Stages;

/// <summary>How wrong decoded pictures are: |x − x'| + ½·|∇x − ∇x'|. Flat colours and sharp edges need no learned loss.</summary>
internal static class PictureLoss
{
    private const double EdgeWeight = 0.5;

    /// <summary>The mean over pictures [B, 3, H, W].</summary>
    public static Tensor Of(Tensor decoded, Tensor pictures)
    {
        var difference = decoded - pictures; // [B, 3, H, W]
        return difference.abs().mean() + (EdgeWeight * (Steps(difference, 2) + Steps(difference, 3)));
    }

    /// <summary>Mean difference of neighbours along a dimension.</summary>
    private static Tensor Steps(Tensor x, int dimension)
    {
        var count = x.shape[dimension] - 1;
        return (x.narrow(dimension, 1, count) - x.narrow(dimension, 0, count)).abs().mean();
    }
}
