using ComfyServe.Hosting.Files;

namespace ComfyServe.Provisioning.Running;

/// <summary>What the commands of provisioning say, in a file of the state folder; the file before it is kept as <c>.old</c>.</summary>
internal sealed class ProvisioningLog : IDisposable
{
    private const long Longest = 5 << 20;
    private readonly Lock _gate = new(); // guards the writer: several processes write at once
    private readonly TimeProvider _time;
    private readonly StreamWriter? _writer;
    private bool _closed;

    /// <summary>Opens the file for appending, and turns it over where it grew too long.</summary>
    /// <param name="folder">The state folder; null keeps nothing.</param>
    /// <param name="time">The clock.</param>
    public ProvisioningLog(string? folder, TimeProvider time)
    {
        _time = time;
        if (folder is null)
        {
            return;
        }

        PrivateFiles.CreateFolder(folder);
        var path = Path.Combine(folder, "provisioning.log");
        PrivateFiles.OwnFile(path);
        if (File.Exists(path) && new FileInfo(path).Length > Longest)
        {
            File.Move(path, path + ".old", overwrite: true);
        }

        _writer = new StreamWriter(PrivateFiles.Write(path, FileMode.Append, FileShare.ReadWrite)) { AutoFlush = true };
    }

    /// <summary>Writes a line with the time.</summary>
    public void Write(string line)
    {
        lock (_gate)
        {
            if (!_closed)
            {
                _writer?.WriteLine($"{_time.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss'Z'} {line}");
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            _writer?.Dispose();
        }
    }
}
