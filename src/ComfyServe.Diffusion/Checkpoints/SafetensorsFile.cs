using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Checkpoints;

/// <summary>A safetensors file, mapped into memory: the header is checked when it is opened, tensors are read on demand.</summary>
/// <remarks>
/// A mapped page counts as memory of this process until it is given back, so <see cref="Read"/> gives back the pages
/// of each tensor after converting it: loading 2 GB needs little more than what stays. Not for pickled checkpoints
/// (.ckpt, .pt): they are refused. Reads may run on several threads. A file that is shortened while it is open ends
/// the process (SIGBUS), as with any mapping: replace checkpoints by rename, never in place.
/// </remarks>
public sealed class SafetensorsFile : IDisposable
{
    private const int MadviseDontNeed = 4;
    private const int MadviseWillNeed = 3;
    private readonly Dictionary<string, SafetensorsEntry> _entries;
    private readonly long _fileLength;

    // Guards _maps: one mapping per element type, made when it is first needed. Virtual memory only.
    private readonly Lock _lock = new();
    private readonly Dictionary<ScalarType, Tensor> _maps = [];
    private bool _disposed;

    private SafetensorsFile(string path, long fileLength, SafetensorsHeader header)
    {
        Path = path;
        _fileLength = fileLength;
        Metadata = header.Metadata;
        Entries = header.Entries;
        _entries = header.Entries.ToDictionary(e => e.Name, StringComparer.Ordinal);
    }

    /// <summary>The file's path as given.</summary>
    public string Path { get; }

    /// <summary>The tensors in the order of their data.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <summary>The free-form strings under <c>__metadata__</c>; empty when there are none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file and checks its whole header.</summary>
    /// <exception cref="CheckpointException">The file is not a safetensors file, or is corrupt or truncated; the message says how.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static SafetensorsFile Open(string path)
    {
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);
        var fileLength = RandomAccess.GetLength(handle);
        Span<byte> start = stackalloc byte[SafetensorsHeader.LengthSize];
        start = start[..ReadFully(handle, start, 0)];
        var json = new byte[SafetensorsHeader.ReadLength(start, fileLength, path)];
        if (ReadFully(handle, json, SafetensorsHeader.LengthSize) != json.Length)
        {
            throw new CheckpointException($"'{path}' ended while its header was read; fetch it again");
        }

        return new SafetensorsFile(path, fileLength, SafetensorsHeader.Parse(json, fileLength, path));
    }

    /// <summary>Whether the file holds a tensor of that name.</summary>
    public bool Contains(string name) => _entries.ContainsKey(name);

    /// <summary>Finds what the header says of a tensor.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out SafetensorsEntry? entry) => _entries.TryGetValue(name, out entry);

    /// <summary>Reads one tensor into memory of its own, contiguous and on the CPU.</summary>
    /// <param name="name">The tensor's key.</param>
    /// <param name="dtype">The element type to convert to; null keeps the file's.</param>
    /// <returns>A new tensor, owned by the caller's dispose scope.</returns>
    /// <exception cref="CheckpointException">There is no such tensor, or its element type is not supported.</exception>
    public Tensor Read(string name, ScalarType? dtype = null)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_entries.TryGetValue(name, out var entry))
        {
            throw new CheckpointException($"'{Path}' has no tensor '{name}'");
        }

        var stored = entry.Dtype.ScalarType
            ?? throw new CheckpointException($"'{Path}' stores the tensor '{name}' as {entry.Dtype.Name}, which is not supported: convert it to F16 or F32");
        TorchRuntime.Initialize();
        var target = dtype ?? stored;
        long[] shape = [.. entry.Shape];
        if (entry.Length == 0)
        {
            return empty(shape, target);
        }

        return entry.Offset % entry.Dtype.Size == 0
            ? ReadMapped(entry, shape, stored, target)
            : ReadUnaligned(entry, shape, stored, target);
    }

    /// <summary>Unmaps the file. Tensors that were read stay valid.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            foreach (var map in _maps.Values)
            {
                map.Dispose();
            }

            _maps.Clear();
        }
    }

    private static int ReadFully(Microsoft.Win32.SafeHandles.SafeFileHandle handle, Span<byte> buffer, long offset)
    {
        var total = 0;
        while (total < buffer.Length)
        {
            var read = RandomAccess.Read(handle, buffer[total..], offset + total);
            if (read == 0)
            {
                break;
            }

            total += read;
        }

        return total;
    }

    private Tensor ReadMapped(SafetensorsEntry entry, long[] shape, ScalarType stored, ScalarType target)
    {
        using var view = Map(stored, entry.Dtype.Size).narrow(0, entry.Offset / entry.Dtype.Size, entry.Count);
        Advise(view, entry.Length, MadviseWillNeed);
        using var shaped = view.view(shape);
        var result = shaped.to(target, copy: true);
        Advise(view, entry.Length, MadviseDontNeed);
        return result;
    }

    /// <summary>Writers pad the header so that data is aligned, but the format does not ask for it.</summary>
    private Tensor ReadUnaligned(SafetensorsEntry entry, long[] shape, ScalarType stored, ScalarType target)
    {
        using var handle = File.OpenHandle(Path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);
        using var flat = empty(entry.Count, stored);
        const long Chunk = 64 << 20;
        for (var first = 0L; first < entry.Count; first += Chunk / entry.Dtype.Size)
        {
            using var part = flat.narrow(0, first, Math.Min(Chunk / entry.Dtype.Size, entry.Count - first));
            var bytes = part.bytes;
            if (ReadFully(handle, bytes, entry.Offset + (first * entry.Dtype.Size)) != bytes.Length)
            {
                throw new CheckpointException($"'{Path}' became shorter while the tensor '{entry.Name}' was read; load it again");
            }
        }

        using var shaped = flat.view(shape);
        return shaped.to(target, copy: true);
    }

    private Tensor Map(ScalarType stored, int elementSize)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_maps.TryGetValue(stored, out var map))
            {
                map = from_file(Path, shared: false, size: _fileLength / elementSize, dtype: stored).DetachFromDisposeScope();
                _maps.Add(stored, map);
            }

            return map;
        }
    }

    /// <summary>Tells the kernel that a range is needed soon (read ahead) or no longer (not our memory any more).</summary>
    private static void Advise(Tensor view, long length, int advice)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        using var first = view.narrow(0, 0, 1);
        var address = AddressOf(first);
        var page = Environment.SystemPageSize;

        // Read ahead whole pages; give back only pages that no neighbour shares.
        var start = advice == MadviseWillNeed ? address / page * page : (address + page - 1) / page * page;
        var end = advice == MadviseWillNeed ? address + length : (address + length) / page * page;
        if (end > start)
        {
            _ = madvise((nint)start, (nuint)(end - start), advice);
        }
    }

    private static unsafe long AddressOf(Tensor tensor)
    {
        fixed (byte* pointer = tensor.bytes)
        {
            return (long)pointer;
        }
    }

    [DllImport("libc", ExactSpelling = true)]
    private static extern int madvise(nint address, nuint length, int advice);
}
