using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Worker.Health;

/// <summary>
/// Watches the API service's log for lines that say it cannot recover. Begins at the end of a log that is there already: what
/// it says belongs to an earlier start. Follows the file when it is replaced or emptied.
/// </summary>
internal sealed partial class LogTail(WorkerOptions options, Readiness readiness, TimeProvider time, ILogger<LogTail> logger) : BackgroundService
{
    private const int MostLine = 64 << 10;
    private const string OwnDescriptors = "/proc/self/fd/";
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    // Whole words: BACKENDS_READY is no part of BACKENDS_READY_TIMEOUT here, as it is in the original.
    private static readonly string[] Errors = ["BACKENDS_READY_TIMEOUT", "BACKEND_UNRECOVERABLE", "Application startup failed"];
    private readonly StringBuilder _line = new();
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private readonly byte[] _bytes = new byte[16 << 10];
    private readonly char[] _characters = new char[(16 << 10) + 4];
    private FileStream? _file;
    private string? _name;
    private bool _looked;

    /// <summary>The error that a line tells of, or null.</summary>
    public static string? ErrorIn(string line) => Array.Find(Errors, e => IsWord(line, e));

    /// <summary>Reads what is new in the log.</summary>
    public void Read()
    {
        if (options.ApiLog is not { } path)
        {
            return;
        }

        try
        {
            Open(path, atEnd: !_looked);
            if (_file is null)
            {
                return;
            }

            if (_file.Length < _file.Position)
            {
                _file.Position = 0; // emptied
            }

            Feed(_file);
            if (IsReplaced())
            {
                _file.Dispose();
                _file = null;
                Open(path, atEnd: false);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Log.Unreadable(logger, path, error.Message);
        }
        finally
        {
            _looked = true;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _file?.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.ApiLog is null)
        {
            return;
        }

        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                Read();
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Shutting down.
        }
    }

    private void Open(string path, bool atEnd)
    {
        if (_file is not null || !File.Exists(path))
        {
            return;
        }

        _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        _name = Name();
        _line.Clear();
        if (atEnd)
        {
            _file.Seek(0, SeekOrigin.End);
        }
    }

    // The system's name of the open file changes when it is moved or deleted.
    private bool IsReplaced() => _name is not null && Name() != _name;

    private string? Name() => OperatingSystem.IsLinux() ? new FileInfo(OwnDescriptors + _file!.SafeFileHandle.DangerousGetHandle()).LinkTarget : null;

    private void Feed(FileStream file)
    {
        for (int read; (read = file.Read(_bytes)) > 0;)
        {
            var count = _decoder.GetChars(_bytes, 0, read, _characters, 0);
            foreach (var character in _characters.AsSpan(0, count))
            {
                if (character == '\n')
                {
                    Look(_line.ToString());
                    _line.Clear();
                }
                else if (_line.Length < MostLine)
                {
                    _line.Append(character);
                }
            }
        }
    }

    private void Look(string line)
    {
        if (ErrorIn(line) is { } error && readiness.Report(FaultSource.Log, error))
        {
            Log.Found(logger, error);
        }
    }

    private static bool IsWord(string line, string word)
    {
        for (var at = line.IndexOf(word, StringComparison.Ordinal); at >= 0; at = line.IndexOf(word, at + 1, StringComparison.Ordinal))
        {
            var end = at + word.Length;
            if ((at == 0 || !IsLetter(line[at - 1])) && (end == line.Length || !IsLetter(line[end])))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsLetter(char character) => char.IsAsciiLetterOrDigit(character) || character == '_';

    private static partial class Log
    {
        [LoggerMessage(5411, LogLevel.Error, "The API service's log says '{Error}': it needs a restart")]
        public static partial void Found(ILogger logger, string error);

        [LoggerMessage(5412, LogLevel.Debug, "'{Path}' cannot be read now: {Reason}")]
        public static partial void Unreadable(ILogger logger, string path, string reason);
    }
}
