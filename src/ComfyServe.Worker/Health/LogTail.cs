using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Worker.Health;

/// <summary>Watches the API service's log for lines that say it cannot recover. Follows the file when it is replaced or emptied.</summary>
internal sealed partial class LogTail(WorkerOptions options, Readiness readiness, TimeProvider time, ILogger<LogTail> logger) : BackgroundService
{
    // Whole words: BACKENDS_READY is no part of BACKENDS_READY_TIMEOUT here, as it is in the original.
    private static readonly string[] Errors = ["BACKENDS_READY_TIMEOUT", "BACKEND_UNRECOVERABLE", "Application startup failed"];
    private const int MostLine = 64 << 10;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private readonly StringBuilder _line = new();
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private long _position;
    private DateTime _born;

    /// <summary>The error that a line tells of, or null.</summary>
    public static string? ErrorIn(string line) => Array.Find(Errors, e => IsWord(line, e));

    /// <summary>Reads what is new in the log.</summary>
    public void Read()
    {
        try
        {
            if (options.ApiLog is not { } path || !File.Exists(path))
            {
                return;
            }

            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var born = File.GetCreationTimeUtc(path);
            if (file.Length < _position || born > _born)
            {
                // Another file, or emptied: from its beginning.
                (_position, _born) = (file.Length < _position || _born == default ? 0 : _position, born);
            }

            file.Position = _position;
            Feed(file);
            _position = file.Position;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Log.Unreadable(logger, options.ApiLog!, error.Message);
        }
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
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                Read();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Shutting down.
        }
    }

    private void Feed(FileStream file)
    {
        var bytes = new byte[16 << 10];
        var characters = new char[bytes.Length + 4];
        for (int read; (read = file.Read(bytes)) > 0;)
        {
            var count = _decoder.GetChars(bytes, 0, read, characters, 0);
            foreach (var character in characters.AsSpan(0, count))
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
