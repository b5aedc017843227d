using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Checkpoints;

/// <summary>Writes safetensors files that any reader of the format opens.</summary>
public static class SafetensorsWriter
{
    private const long ChunkBytes = 64 << 20;

    /// <summary>Writes tensors as they are (type and shape) to a new file, which replaces an old one only when complete.</summary>
    /// <param name="path">The file to write; its folder must exist.</param>
    /// <param name="tensors">Name to tensor, any device and layout. Stored contiguous, largest element type first, then by name, so that all data is aligned.</param>
    /// <param name="metadata">Free-form strings for <c>__metadata__</c>; <c>format: pt</c> is added where there is none.</param>
    /// <exception cref="CheckpointException">A tensor has an element type that the format does not know.</exception>
    public static void Write(string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var ordered = tensors
            .Select(t => (Name: t.Key, Dtype: SafetensorsDtype.Of(t.Value.dtype), Tensor: t.Value))
            .OrderByDescending(t => t.Dtype.Size)
            .ThenBy(t => t.Name, StringComparer.Ordinal)
            .ToList();
        var strings = new List<KeyValuePair<string, string>> { new("format", "pt") };
        strings.AddRange(metadata?.Where(m => m.Key != "format") ?? []);

        var partial = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (var stream = new FileStream(partial, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20))
            {
                stream.Write(SafetensorsHeader.Write(ordered.Select(t => (t.Name, t.Dtype, (IReadOnlyList<long>)t.Tensor.shape)), strings));
                foreach (var (_, dtype, tensor) in ordered)
                {
                    WriteData(stream, tensor, dtype.Size);
                }

                stream.Flush(flushToDisk: true);
            }

            File.Move(partial, path, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    private static void WriteData(FileStream stream, Tensor tensor, int elementSize)
    {
        using var scope = NewDisposeScope();
        var flat = tensor.detach().cpu().contiguous().view(-1);
        var step = ChunkBytes / elementSize;
        for (var first = 0L; first < flat.shape[0]; first += step)
        {
            using var part = flat.narrow(0, first, Math.Min(step, flat.shape[0] - first));
            stream.Write(part.bytes);
        }
    }
}
