using System.Collections.Concurrent;
using ComfyServe.Contracts.Engine;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Engine.Events;

/// <summary>Keeps the last lines of the log for the web front end's panel.</summary>
internal sealed class LogRing : ILoggerProvider
{
    private const int Capacity = 300;
    private readonly ConcurrentQueue<LogLine> _lines = new();
    private readonly TimeProvider _clock;

    /// <summary>An empty ring.</summary>
    public LogRing(TimeProvider clock) => _clock = clock;

    /// <summary>Called with every line, on the thread that logs: must not block.</summary>
    public Action<LogLine>? Written { get; set; }

    /// <summary>The lines, the oldest first.</summary>
    public IReadOnlyList<LogLine> Lines => [.. _lines];

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Writer(this);

    /// <inheritdoc/>
    public void Dispose()
    {
        // Holds nothing but memory.
    }

    private void Add(string text)
    {
        var line = new LogLine(_clock.GetLocalNow().ToString("yyyy-MM-ddTHH:mm:ss.ffffff"), text + "\n");
        _lines.Enqueue(line);
        while (_lines.Count > Capacity)
        {
            _ = _lines.TryDequeue(out _);
        }

        Written?.Invoke(line);
    }

    private sealed class Writer(LogRing ring) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Information and < LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                var text = formatter(state, exception);
                ring.Add(exception is null ? text : $"{text}: {exception.Message}");
            }
        }
    }
}
