using static TorchSharp.torch;

namespace ComfyServe.Engine.Images;

/// <summary>Makes two batches equally long.</summary>
internal static class BatchSize
{
    /// <summary>The first <paramref name="count"/> elements of the batch repeated end to end.</summary>
    public static Tensor Match(Tensor batch, long count)
    {
        var length = batch.shape[0];
        if (length >= count)
        {
            return length == count ? batch : batch.narrow(0, 0, count);
        }

        var repeats = Enumerable.Repeat(1L, batch.shape.Length).ToArray();
        repeats[0] = (count + length - 1) / length;
        return batch.repeat(repeats).narrow(0, 0, count);
    }
}
