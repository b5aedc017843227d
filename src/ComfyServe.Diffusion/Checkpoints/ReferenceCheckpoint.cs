using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;

namespace ComfyServe.Diffusion.Checkpoints;

/// <summary>Makes the reference checkpoint: Stable Diffusion 1.5's names and shapes with seeded weights, 2.1 GB of float16.</summary>
/// <remarks>
/// It lets anybody compare exact numbers without downloading a trained model: the same bytes come out on every machine
/// and in every language (tests/data/golden/README.md, "The reference checkpoint"). It draws noise, not pictures.
/// </remarks>
public static class ReferenceCheckpoint
{
    /// <summary>SHA-256 of the file in lower-case hex.</summary>
    public const string Sha256 = "457c9cf2e08373736f9fb5fcb30407b2b6e707b3285dbb5c5d8f4fa0691598ab";

    private const ulong Gamma = 0x9E3779B97F4A7C15;
    private const int ChunkElements = 4 << 20;

    /// <summary>Writes the file, replacing an old one only when complete. Takes some seconds on every core and little memory.</summary>
    /// <param name="path">The file to write; its folder must exist and have 2.2 GB free.</param>
    /// <param name="progress">Gets the share done, 0 to 1, from several threads.</param>
    /// <param name="cancellationToken">Stops the writing and removes what was written.</param>
    public static void Write(string path, IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        var tensors = ReferenceTensor.All();
        var header = SafetensorsHeader.Write(tensors.Select(t => (t.Name, t.Dtype, t.Shape)), [new("format", "pt")]);
        var total = header.Length + tensors.Sum(t => t.Length);
        var partial = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (var file = File.OpenHandle(partial, FileMode.Create, FileAccess.Write, FileShare.None, FileOptions.None, total))
            {
                RandomAccess.Write(file, header, 0);
                var written = (long)header.Length;
                var options = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount };
                Parallel.ForEach(Chunks(tensors, header.Length), options, () => new byte[2 * ChunkElements], (chunk, _, buffer) =>
                {
                    var bytes = chunk.Tensor.Content is { } content ? content : Fill(chunk, buffer);
                    RandomAccess.Write(file, bytes, chunk.FileOffset);
                    progress?.Report((double)Interlocked.Add(ref written, bytes.Length) / total);
                    return buffer;
                }, static _ => { });
                RandomAccess.FlushToDisk(file);
            }

            File.Move(partial, path, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    /// <summary>Elements <paramref name="first"/> and on of a seeded tensor, as float16.</summary>
    internal static void Fill(string name, float center, float bound, long first, Span<Half> values)
    {
        // z(i) = key + (i + 1)·gamma, then the SplitMix64 finaliser (https://doi.org/10.1145/2714064.2660195).
        var start = HashOf(name) + ((ulong)(first + 1) * Gamma);
        var lanes = Vector512.Create(0UL, 1, 2, 3, 4, 5, 6, 7) * Gamma;
        var low = Vector512.Create(start) + lanes;
        Span<float> sixteen = stackalloc float[16];
        for (var i = 0; i < values.Length; i += 16)
        {
            var k = Vector512.Narrow(Mix(low) >>> 40, Mix(low + Vector512.Create(unchecked(8 * Gamma))) >>> 40).AsInt32() - Vector512.Create(1 << 23);
            var x = Vector512.ConvertToSingle(k) * (1f / (1 << 23)); // exact, −1 to 1
            var v = Vector512.Create(center) + (x * bound); // rounded twice, never fused
            v.CopyTo(sixteen);
            var part = values[i..Math.Min(values.Length, i + 16)];
            for (var lane = 0; lane < part.Length; lane++)
            {
                part[lane] = (Half)sixteen[lane];
            }

            low += Vector512.Create(unchecked(16 * Gamma));
        }
    }

    private static Vector512<ulong> Mix(Vector512<ulong> z)
    {
        z ^= z >>> 30;
        z *= 0xBF58476D1CE4E5B9;
        z ^= z >>> 27;
        z *= 0x94D049BB133111EB;
        return z ^ (z >>> 31);
    }

    /// <summary>FNV-1a, 64 bits.</summary>
    private static ulong HashOf(string name)
    {
        var hash = 0xcbf29ce484222325UL;
        foreach (var b in Encoding.UTF8.GetBytes(name))
        {
            hash = (hash ^ b) * 0x100000001b3UL;
        }

        return hash;
    }

    private static ReadOnlySpan<byte> Fill(Chunk chunk, byte[] buffer)
    {
        var bytes = buffer.AsSpan(0, 2 * chunk.Count);
        Fill(chunk.Tensor.Name, chunk.Tensor.Center, chunk.Tensor.Bound, chunk.First, MemoryMarshal.Cast<byte, Half>(bytes));
        return bytes;
    }

    private static IEnumerable<Chunk> Chunks(IReadOnlyList<ReferenceTensor> tensors, long fileOffset)
    {
        foreach (var tensor in tensors)
        {
            var count = tensor.Length / tensor.Dtype.Size;
            for (var first = 0L; first < count; first += ChunkElements)
            {
                yield return new Chunk(tensor, first, (int)Math.Min(ChunkElements, count - first), fileOffset + (first * tensor.Dtype.Size));
            }

            fileOffset += tensor.Length;
        }
    }

    private sealed record Chunk(ReferenceTensor Tensor, long First, int Count, long FileOffset);
}
