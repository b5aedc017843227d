using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Guidance;

/// <summary>Makes batches equally long.</summary>
internal static class Batches
{
    /// <summary>The first <paramref name="count"/> elements of a batch that is repeated end to end.</summary>
    public static Tensor Repeat(Tensor batch, long count)
    {
        var length = batch.shape[0];
        if (length >= count)
        {
            return length == count ? batch : batch.narrow(0, 0, count);
        }

        var repeats = new long[batch.dim()];
        Array.Fill(repeats, 1);
        repeats[0] = (count + length - 1) / length;
        return batch.repeat(repeats).narrow(0, 0, count);
    }
}
