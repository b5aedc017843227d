using System.Text;
using ComfyServe.Hosting.Files;
using ComfyServe.Hosting.Outbound;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Hosting.Logging;

/// <summary>
/// A role's log in a folder, besides standard error: one line an event, as there. At 5 MB the file becomes <c>.old</c>, so a
/// role never takes more than twice that.
/// </summary>
internal sealed class LogFile : ILoggerProvider
{
    /// <summary>Bytes at which the file is turned over.</summary>
    public const long Largest = 5 << 20;

    private readonly Lock _gate = new(); // guards the stream: requests log at the same time
    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly long _largest;
    private FileStream? _stream;

    /// <summary>Opens the log, and makes its folder. Where that cannot be, it says so once, and the role runs without.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="role">The file's name without <c>.log</c>.</param>
    /// <param name="time">The clock.</param>
    /// <param name="complain">Receives why there is no file.</param>
    /// <param name="largest">Bytes at which the file is turned over.</param>
    public LogFile(string folder, string role, TimeProvider time, Action<string> complain, long largest = Largest)
    {
        (_path, _time, _largest) = (Path.Combine(folder, role + ".log"), time, largest);
        try
        {
            PrivateFiles.CreateFolder(folder);
            PrivateFiles.OwnFile(_path);
            PrivateFiles.OwnFile(_path + ".old");
            _stream = Open();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            complain($"no log in '{_path}': {error.Message} Set COMFYSERVE_LOGS to a folder that can be written");
        }
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Writer(this, categoryName);

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _stream?.Dispose();
            _stream = null;
        }
    }

    private FileStream Open() => PrivateFiles.Write(_path, FileMode.OpenOrCreate, FileShare.ReadWrite | FileShare.Delete);

    private void Write(LogLevel level, string category, EventId id, string message)
    {
        var line = Encoding.UTF8.GetBytes($"{_time.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {level}: {category}[{id.Id}] {ShownUrl.Within(message).ReplaceLineEndings(" ")}\n");
        lock (_gate)
        {
            if (_stream is null)
            {
                return;
            }

            try
            {
                // Another process of this role may have written meanwhile, or have turned the file over.
                _stream.Seek(0, SeekOrigin.End);
                if (_stream.Position + line.Length > _largest && _stream.Position > 0)
                {
                    _stream.Dispose();
                    File.Move(_path, _path + ".old", overwrite: true);
                    _stream = Open();
                }

                _stream.Write(line);
                _stream.Flush();
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // A full disk must not end a role; standard error has the line.
            }
        }
    }

    private sealed class Writer(LogFile file, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                file.Write(logLevel, category, eventId, exception is null ? formatter(state, null) : $"{formatter(state, exception)} {exception}");
            }
        }
    }
}
