using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Images;

/// <summary>Makes tensors of any number of gigabytes element by element of the batch: an interrupt may come between two.</summary>
internal static class LargeTensors
{
    /// <summary>Elements that are written in one go.</summary>
    private const long Part = 32 << 20;

    /// <summary>A tensor in which every element is the same, float32.</summary>
    public static Tensor Filled(double value, params long[] shape)
    {
        var filled = empty(shape);
        ForParts(filled, part => part.fill_(value));
        return filled;
    }

    /// <summary>A tensor made of what is broadcast over all dimensions but the last.</summary>
    public static Tensor Spread(Tensor value, params long[] shape)
    {
        var spread = empty(shape);
        ForParts(spread, part => part.copy_(value.expand(part.shape)));
        return spread;
    }

    /// <summary>A batch end to end so many times.</summary>
    public static Tensor Repeat(Tensor batch, long amount)
    {
        long[] shape = [batch.shape[0] * amount, .. batch.shape[1..]];
        var repeated = empty(shape, dtype: batch.dtype);
        for (var i = 0L; i < amount; i++)
        {
            Interruption.Check();
            using var place = repeated.narrow(0, i * batch.shape[0], batch.shape[0]);
            place.copy_(batch);
        }

        return repeated;
    }

    /// <summary>Maps a batch; one element at a time where the results together are large.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="results">Elements of all results.</param>
    /// <param name="map">Takes and returns a batch; each result depends on one element.</param>
    public static Tensor Map(Tensor batch, long results, Func<Tensor, Tensor> map)
    {
        Interruption.Check();
        if (results < Part || batch.shape[0] < 2)
        {
            return map(batch);
        }

        using var scope = NewDisposeScope();
        var mapped = new List<Tensor>();
        for (var i = 0L; i < batch.shape[0]; i++)
        {
            Interruption.Check();
            mapped.Add(map(batch.narrow(0, i, 1)));
        }

        return cat(mapped, 0).MoveToOuterDisposeScope();
    }

    private static void ForParts(Tensor tensor, Action<Tensor> write)
    {
        var step = Math.Max(1, Part / Math.Max(1, tensor.numel() / Math.Max(1, tensor.shape[0])));
        for (var i = 0L; i < tensor.shape[0]; i += step)
        {
            Interruption.Check();
            using var part = tensor.narrow(0, i, Math.Min(step, tensor.shape[0] - i));
            write(part);
        }
    }
}
