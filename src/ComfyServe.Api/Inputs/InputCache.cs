using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ComfyServe.Contracts.Api;
using ComfyServe.Hosting.Fairness;
using ComfyServe.Hosting.Files;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Api.Inputs;

/// <summary>
/// Files that requests brought along, on disk, bounded in size: the least recently used go first, never one that a job uses. Many requests for one URL
/// wait for one fetch; what a server says has not changed is not fetched again.
/// </summary>
internal sealed partial class InputCache
{
    private readonly Lock _gate = new(); // guards _entries, _flights and what hangs on them
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Owner, string Key), Flight> _flights = []; // one owner's line never holds up another's, so that they share no flight
    private readonly string _folder;
    private readonly InputFetcher _fetcher;
    private readonly InputOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<InputCache> _logger;
    private readonly FairSlots _slots;
    private long _clock;

    public InputCache(string folder, InputFetcher fetcher, InputOptions options, FairSlots slots, TimeProvider time, ILogger<InputCache> logger)
    {
        _folder = Path.GetFullPath(folder);
        _slots = slots;
        _fetcher = fetcher;
        _options = options;
        _time = time;
        _logger = logger;
        Load();
    }

    /// <summary>Fetches that wait for a slot.</summary>
    public int Waiting => _slots.Waiting;

    /// <summary>Requests that wait for a fetch.</summary>
    internal int Joined
    {
        get
        {
            lock (_gate)
            {
                return _flights.Values.Sum(f => f.Waiters);
            }
        }
    }

    /// <summary>Gets the file behind a URL; the caller disposes the hold on it.</summary>
    /// <param name="text">The URL.</param>
    /// <param name="owner">Whose job wants it: fetches are bounded for each.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<InputHold> FetchAsync(string text, string? owner, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(text.Trim(), UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            throw new InputException(JobErrorCode.InputRefused, "the URL is not valid; give an absolute http or https URL");
        }

        var key = (Owner: owner ?? "", Key: KeyOf(Encoding.UTF8.GetBytes(text)));
        var flight = Join(key, url);
        try
        {
            return Hold((await flight.Task.WaitAsync(cancellationToken)).Entry);
        }
        finally
        {
            Leave(key, flight);
        }
    }

    /// <summary>Keeps bytes that came with the request.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="place">Where it came from, for messages.</param>
    /// <param name="cancellationToken">Stops writing.</param>
    public async Task<InputHold> StoreAsync(ReadOnlyMemory<byte> bytes, string place, CancellationToken cancellationToken)
    {
        if (bytes.Length > _options.MaxBytes)
        {
            throw new InputException(JobErrorCode.InputRefused, $"the file of {place} is larger than {_options.MaxBytes} bytes");
        }

        var start = new InputStart(_options.MaxPixels);
        start.Add(bytes.Span);
        var file = new CachedFile { Key = KeyOf(bytes.Span), Extension = start.Extension($"the file of {place}"), Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes.Span)), Size = bytes.Length };
        lock (_gate)
        {
            if (_entries.TryGetValue(file.Key, out var known) && known.File.Sha256 == file.Sha256)
            {
                return HoldLocked(known);
            }
        }

        var partial = Partial();
        try
        {
            PrivateFiles.OwnFolder(_folder);
            await PrivateFiles.WriteAsync(partial, bytes, cancellationToken);
            return Admit(file, partial).Hold;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(JobErrorCode.Internal, "the input cache cannot be written", e);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    private Flight Join((string Owner, string Key) key, Uri url)
    {
        lock (_gate)
        {
            if (!_flights.TryGetValue(key, out var flight))
            {
                flight = new();
                _flights[key] = flight;
                flight.Task = Task.Run(() => FlyAsync(key.Owner, key.Key, url, flight.Stop.Token));
            }

            flight.Waiters++;
            return flight;
        }
    }

    private void Leave((string Owner, string Key) key, Flight flight)
    {
        lock (_gate)
        {
            if (--flight.Waiters > 0)
            {
                return;
            }

            _flights.Remove(key);
        }

        flight.Stop.Cancel(); // Nobody waits any longer; a fetch that is over does not mind.
        flight.Stop.Dispose();
        _ = flight.Task.ContinueWith(static t => t.Result.Hold.Dispose(), default, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
    }

    /// <summary>The fetch's own hold keeps the file until every waiter has his.</summary>
    private async Task<(Entry Entry, InputHold Hold)> FlyAsync(string owner, string key, Uri url, CancellationToken cancellationToken)
    {
        Entry? known;
        lock (_gate)
        {
            known = _entries.GetValueOrDefault(key);
        }

        if (known is not null && known.File.FreshUntil > _time.GetUtcNow() && File.Exists(PathOf(known.File)))
        {
            return (known, Hold(known));
        }

        try
        {
            return await FetchOnceAsync(owner, key, url, known, cancellationToken);
        }
        catch (InputException e) when (e.AskAgainAfter is not null)
        {
            await Task.Delay(e.AskAgainAfter.Value, _time, cancellationToken); // without a slot: it would only be held
            return await FetchOnceAsync(owner, key, url, known, cancellationToken);
        }
    }

    private async Task<(Entry Entry, InputHold Hold)> FetchOnceAsync(string owner, string key, Uri url, Entry? known, CancellationToken cancellationToken)
    {
        using var slot = await _slots.EnterAsync(owner, cancellationToken);
        var partial = Partial();
        try
        {
            PrivateFiles.OwnFolder(_folder);
            var usable = known is not null && File.Exists(PathOf(known.File)) ? known.File : null;
            var fetched = await _fetcher.FetchAsync(key, url, usable, partial, cancellationToken);
            return fetched is null ? (known!, Hold(known!)) : Admit(fetched, partial);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(JobErrorCode.InputUnreachable, $"'{InputFetcher.Shown(url)}' could not be fetched: {e.GetType().Name}", e);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    private (Entry Entry, InputHold Hold) Admit(CachedFile file, string partial)
    {
        Entry? entry;
        InputHold hold;
        List<CachedFile> dropped;
        lock (_gate)
        {
            File.Move(partial, PathOf(file), overwrite: true);
            using (var notes = PrivateFiles.Write(NotesOf(file), FileMode.Create))
            {
                notes.Write(JsonSerializer.SerializeToUtf8Bytes(file, InputJsonContext.Default.CachedFile));
            }

            Entry? before = null;
            if (_entries.TryGetValue(file.Key, out entry) && entry.File.Sha256 == file.Sha256)
            {
                entry.File = file; // The same bytes again: whoever holds them holds these.
            }
            else
            {
                before = entry;
                _entries[file.Key] = entry = new(file);
            }

            before?.IsReplaced = true; // A job may still use it; it goes with the last hold.
            hold = HoldLocked(entry);
            dropped = EvictLocked();
            if (before is { Holds: 0 })
            {
                dropped.Add(before.File);
            }
        }

        foreach (var gone in dropped)
        {
            Remove(gone);
        }

        return (entry, hold);
    }

    private List<CachedFile> EvictLocked()
    {
        var dropped = new List<CachedFile>();
        var total = _entries.Values.Sum(e => e.File.Size);
        foreach (var entry in _entries.Values.Where(e => e.Holds == 0).OrderBy(e => e.Used).ToList())
        {
            if (total <= _options.CacheBytes)
            {
                break;
            }

            total -= entry.File.Size;
            _entries.Remove(entry.File.Key);
            dropped.Add(entry.File);
        }

        return dropped;
    }

    private InputHold Hold(Entry entry)
    {
        lock (_gate)
        {
            return HoldLocked(entry);
        }
    }

    private InputHold HoldLocked(Entry entry)
    {
        entry.Holds++;
        entry.Used = Interlocked.Increment(ref _clock);
        return new(entry.File, PathOf(entry.File), () => Release(entry));
    }

    private void Release(Entry entry)
    {
        lock (_gate)
        {
            if (--entry.Holds > 0 || !entry.IsReplaced)
            {
                return;
            }
        }

        Remove(entry.File);
    }

    private void Remove(CachedFile file)
    {
        try
        {
            File.Delete(PathOf(file));
            File.Delete(NotesOf(file));
        }
        catch (IOException e)
        {
            Log.NotRemoved(_logger, file.FileName, e.Message);
        }
    }

    private void Load()
    {
        if (!Directory.Exists(_folder))
        {
            return;
        }

        foreach (var path in Directory.GetFiles(_folder))
        {
            if (Path.GetExtension(path) == ".part")
            {
                File.Delete(path); // A fetch that died with an earlier process.
            }
            else if (path.EndsWith(".notes.json", StringComparison.Ordinal))
            {
                LoadOne(path);
            }
        }
    }

    private void LoadOne(string path)
    {
        try
        {
            var file = JsonSerializer.Deserialize(File.ReadAllBytes(path), InputJsonContext.Default.CachedFile);
            if (file is not null && NotesOf(file) == path && new FileInfo(PathOf(file)) is { Exists: true } bytes && bytes.Length == file.Size)
            {
                _entries[file.Key] = new(file);
                return;
            }
        }
        catch (Exception e) when (e is JsonException or IOException or ArgumentException)
        {
            Log.Unreadable(_logger, Path.GetFileName(path), e.Message);
        }

        File.Delete(path);
    }

    private string PathOf(CachedFile file) => Path.Combine(_folder, file.FileName);

    private string NotesOf(CachedFile file) => Path.Combine(_folder, $"{file.Key}-{file.Sha256[..16]}.notes.json");

    private string Partial() => Path.Combine(_folder, $"{Guid.NewGuid():N}.part");

    /// <summary>MD5, since names that the original gave its files stay the same; nothing rests on its strength.</summary>
#pragma warning disable CA5351
    internal static string KeyOf(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(MD5.HashData(bytes));
#pragma warning restore CA5351

    private sealed class Entry(CachedFile file)
    {
        public CachedFile File { get; set; } = file;

        public int Holds { get; set; }

        public long Used { get; set; }

        public bool IsReplaced { get; set; }
    }

    private sealed class Flight
    {
        public Task<(Entry Entry, InputHold Hold)> Task { get; set; } = null!;

        public CancellationTokenSource Stop { get; } = new();

        public int Waiters { get; set; }
    }

    private static partial class Log
    {
        [LoggerMessage(2200, LogLevel.Warning, "Cached input '{File}' could not be removed: {Reason}")]
        public static partial void NotRemoved(ILogger logger, string file, string reason);

        [LoggerMessage(2201, LogLevel.Warning, "Notes of a cached input '{File}' cannot be read: {Reason}")]
        public static partial void Unreadable(ILogger logger, string file, string reason);
    }
}
