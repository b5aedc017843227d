using System.Collections.Concurrent;

namespace ComfyServe.Testing.Engines;

/// <summary>The folders of a <see cref="FakeEngine"/>: they outlive its process.</summary>
internal sealed class FakeDisk
{
    private readonly ConcurrentDictionary<string, byte[]> _files = new();
    private int _number;

    /// <summary>Number of the next file.</summary>
    public int NextNumber() => Interlocked.Increment(ref _number);

    /// <summary>The bytes of a file, or null.</summary>
    public byte[]? Read(string type, string subfolder, string filename) => _files.GetValueOrDefault($"{type}/{subfolder}/{filename}");

    /// <summary>Writes a file.</summary>
    public void Write(string type, string subfolder, string filename, byte[] bytes) => _files[$"{type}/{subfolder}/{filename}"] = bytes;
}
