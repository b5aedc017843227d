using ComfyServe.Diffusion.Models;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Guidance;

/// <summary>A <see cref="Control"/> within one run.</summary>
/// <param name="Control">The control.</param>
/// <param name="StartSigma">The largest noise level at which it applies.</param>
/// <param name="EndSigma">The least.</param>
internal sealed record PlacedControl(Control Control, double StartSigma, double EndSigma)
{
    /// <summary>Fits a control to a model.</summary>
    /// <exception cref="ArgumentException">It was made for another model.</exception>
    public static PlacedControl Place(Control control, DiffusionModel model) => control.Network.Fits(model.Unet.Config)
        ? new PlacedControl(control, model.Schedule.PercentToSigma(control.StartPercent), model.Schedule.PercentToSigma(control.EndPercent))
        : throw new ArgumentException("the ControlNet was made for another kind of model; choose one for the checkpoint's, such as Stable Diffusion 1.5", nameof(control));

    /// <summary>What to add to the network; null where it does not apply.</summary>
    /// <param name="x">Scaled noisy latents of all entries of the batch, [k·B, C, h, w].</param>
    /// <param name="batch">B, the latents of one entry.</param>
    /// <param name="sigma">The noise level.</param>
    /// <param name="timesteps">Timesteps [k·B].</param>
    /// <param name="context">Encoded text [k·B, N, context width].</param>
    public ControlResiduals? Residuals(Tensor x, long batch, double sigma, Tensor timesteps, Tensor context)
    {
        if (sigma > StartSigma || sigma < EndSigma)
        {
            return null;
        }

        var one = Batches.Repeat(Fit(Control.Hint, ControlNet.HintScale * x.shape[2], ControlNet.HintScale * x.shape[3]), batch);
        var hint = one.repeat(x.shape[0] / batch, 1, 1, 1); // [k·B, 3, 8·h, 8·w]
        var residuals = Control.Network.Forward(x, hint, timesteps, context);
        return Control.Strength == 1 ? residuals : residuals.Times(Control.Strength);
    }

    /// <summary>[B, 3, H, W] → [B, 3, height, width]: the centre of the right proportions, each pixel its nearest.</summary>
    internal static Tensor Fit(Tensor image, long height, long width)
    {
        var (rows, columns) = (image.shape[2], image.shape[3]);
        var (old, wanted) = ((double)columns / rows, (double)width / height);
        var left = old > wanted ? (long)Math.Round((columns - (columns * (wanted / old))) / 2, MidpointRounding.ToEven) : 0;
        var top = old < wanted ? (long)Math.Round((rows - (rows * (old / wanted))) / 2, MidpointRounding.ToEven) : 0;
        var cropped = image.narrow(2, top, rows - (2 * top)).narrow(3, left, columns - (2 * left));
        return cropped.index_select(2, Nearest(cropped.shape[2], height)).index_select(3, Nearest(cropped.shape[3], width));
    }

    private static Tensor Nearest(long from, long to) =>
        tensor([.. Enumerable.Range(0, (int)to).Select(i => Math.Min((long)((i + 0.5) * from / to), from - 1))]);
}
