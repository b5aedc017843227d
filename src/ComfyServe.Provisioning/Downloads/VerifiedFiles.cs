using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ComfyServe.Provisioning.Downloads;

/// <summary>
/// Digests that were computed before, so that a start does not read gigabytes again: valid while a file keeps its length and
/// its modification time.
/// </summary>
internal sealed class VerifiedFiles(string path)
{
    private readonly Lock _gate = new(); // guards _known and the file
    private Dictionary<string, VerifiedFile>? _known;

    /// <summary>The SHA-256 of a file, from memory where it is surely the same file, else computed.</summary>
    public async Task<string> DigestAsync(string file, CancellationToken cancellationToken)
    {
        var info = new FileInfo(file);
        lock (_gate)
        {
            if (Known().TryGetValue(file, out var known) && known.Length == info.Length && known.Modified == info.LastWriteTimeUtc.Ticks)
            {
                return known.Sha256;
            }
        }

        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan | FileOptions.Asynchronous);
        var digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
        Remember(file, digest);
        return digest;
    }

    /// <summary>Keeps the digest of a file that was just written and checked.</summary>
    public void Remember(string file, string sha256)
    {
        var info = new FileInfo(file);
        lock (_gate)
        {
            Known()[file] = new VerifiedFile(info.Length, info.LastWriteTimeUtc.Ticks, sha256);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var draft = path + ".new";
            File.WriteAllBytes(draft, JsonSerializer.SerializeToUtf8Bytes(_known!, VerifiedFilesJson.Default.DictionaryStringVerifiedFile));
            File.Move(draft, path, overwrite: true);
        }
    }

    private Dictionary<string, VerifiedFile> Known()
    {
        if (_known is null)
        {
            try
            {
                _known = File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), VerifiedFilesJson.Default.DictionaryStringVerifiedFile) : null;
            }
            catch (JsonException)
            {
                // A damaged memory costs reading the files again, no more.
                _known = null;
            }

            _known ??= [];
        }

        return _known;
    }
}

/// <summary>A file as it was when its digest was computed.</summary>
internal sealed record VerifiedFile(long Length, long Modified, string Sha256);

/// <summary>JSON of the digests.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(Dictionary<string, VerifiedFile>))]
internal sealed partial class VerifiedFilesJson : JsonSerializerContext;
