using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ComfyServe.Provisioning.Downloads;

/// <summary>The half-fetched file beside a destination (<c>.NAME.part</c>) and what is known about it (<c>.NAME.part.json</c>).</summary>
internal sealed class PartialFile
{
    private static readonly string? Boot = ReadBoot();
    private readonly DownloadRequest _request;
    private readonly string _destination;
    private readonly string _statePath;

    public PartialFile(DownloadRequest request, string destination)
    {
        _request = request;
        _destination = destination;
        var folder = System.IO.Path.GetDirectoryName(destination)!;
        Path = System.IO.Path.Combine(folder, $".{System.IO.Path.GetFileName(destination)}.part");
        _statePath = Path + ".json";
    }

    /// <summary>The file that holds the bytes so far.</summary>
    public string Path { get; }

    /// <summary>What is known of the bytes so far; null where nothing can be resumed.</summary>
    public PartialState? State { get; private set; }

    /// <summary>Bytes that can be kept; 0 where the file has to be fetched from its beginning.</summary>
    public long Resumable()
    {
        var file = new FileInfo(Path);
        State = file.Exists ? ReadState() : null;
        if (State is null || State.UrlDigest != Digest(_request.Url))
        {
            State = null;
            return 0;
        }

        // Without a digest to check at the end, only a validator and an undisturbed machine make old bytes trustworthy.
        var trusted = _request.Sha256 is not null || (State.Boot == Boot && (State.EntityTag is not null || State.LastModified is not null));
        var tooLong = file.Length > (State.Total ?? _request.Size ?? long.MaxValue);
        if (!trusted || tooLong)
        {
            State = null;
            return 0;
        }

        return file.Length;
    }

    /// <summary>Remembers what the server says about the content, before its first byte is written.</summary>
    public void Begin(string? entityTag, DateTimeOffset? lastModified, long? total)
    {
        State = new PartialState
        {
            UrlDigest = Digest(_request.Url),
            EntityTag = entityTag,
            LastModified = lastModified,
            Total = total,
            Boot = Boot,
        };
        File.WriteAllBytes(_statePath, JsonSerializer.SerializeToUtf8Bytes(State, DownloadJson.Default.PartialState));
    }

    /// <summary>Moves the whole file to its destination, in one step.</summary>
    public void Commit()
    {
        File.Move(Path, _destination, overwrite: true);
        File.Delete(_statePath);
    }

    /// <summary>Throws the bytes away.</summary>
    public void Discard()
    {
        File.Delete(Path);
        File.Delete(_statePath);
        State = null;
    }

    private static string Digest(Uri url) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(url.AbsoluteUri)));

    private static string? ReadBoot()
    {
        const string Source = "/proc/sys/kernel/random/boot_id";
        return File.Exists(Source) ? File.ReadAllText(Source).Trim() : null;
    }

    private PartialState? ReadState()
    {
        if (!File.Exists(_statePath))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(_statePath), DownloadJson.Default.PartialState);
        }
        catch (JsonException)
        {
            // Cut off by a kill or a power cut: then nothing is known about the bytes.
            return null;
        }
    }
}
