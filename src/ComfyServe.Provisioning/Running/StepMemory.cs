using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ComfyServe.Provisioning.Running;

/// <summary>
/// What was done, by content: a command is remembered by the hash of its text, a script by the hash of its bytes, a file without
/// a digest by the URL that it came from.
/// </summary>
internal sealed class StepMemory
{
    private readonly Lock _gate = new(); // guards _done and the file
    private readonly string _path;
    private readonly Dictionary<string, string> _done;

    private StepMemory(string path, Dictionary<string, string> done)
    {
        _path = path;
        _done = done;
    }

    /// <summary>Reads the file; one that is damaged is as none, which costs doing things again.</summary>
    public static StepMemory Read(string folder)
    {
        var path = Path.Combine(folder, "steps.json");
        try
        {
            var done = File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), StepMemoryJson.Default.DictionaryStringString) : null;
            return new StepMemory(path, done ?? []);
        }
        catch (JsonException)
        {
            return new StepMemory(path, []);
        }
    }

    /// <summary>SHA-256 of the parts, in hex.</summary>
    public static string Hash(params ReadOnlySpan<string> parts)
    {
        var text = new StringBuilder();
        foreach (var part in parts)
        {
            text.Append(part.Length).Append(':').Append(part);
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <summary>Whether this was done with this content.</summary>
    public bool IsDone(string key, string hash)
    {
        lock (_gate)
        {
            return _done.GetValueOrDefault(key) == hash;
        }
    }

    /// <summary>What was remembered under a key.</summary>
    public string? Find(string key)
    {
        lock (_gate)
        {
            return _done.GetValueOrDefault(key);
        }
    }

    /// <summary>Whether this was done with another content.</summary>
    public bool WasOther(string key, string hash)
    {
        lock (_gate)
        {
            return _done.TryGetValue(key, out var before) && before != hash;
        }
    }

    /// <summary>Remembers it, on disk.</summary>
    public void Remember(string key, string hash)
    {
        lock (_gate)
        {
            _done[key] = hash;
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            File.WriteAllBytes(_path + ".new", JsonSerializer.SerializeToUtf8Bytes(_done, StepMemoryJson.Default.DictionaryStringString));
            File.Move(_path + ".new", _path, overwrite: true);
        }
    }
}

/// <summary>JSON of the memory.</summary>
[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class StepMemoryJson : JsonSerializerContext;
