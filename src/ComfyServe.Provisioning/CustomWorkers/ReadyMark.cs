namespace ComfyServe.Provisioning.CustomWorkers;

/// <summary>
/// The log in which a Python worker looks for <c>BACKENDS_READY</c>. The original's API service writes the word itself; for
/// ours it is written here, when its health is good.
/// </summary>
public static class ReadyMark
{
    private const string Word = "BACKENDS_READY";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Empties the log, as the original's start script does, so that the last run's word counts no more; what it had goes to <c>.old</c>.</summary>
    /// <param name="preferred">Its path.</param>
    /// <param name="otherwise">Its path where that one cannot be written.</param>
    /// <returns>The one that is used.</returns>
    public static string Begin(string preferred, string otherwise)
    {
        try
        {
            Turn(preferred);
            return preferred;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Turn(otherwise);
            return otherwise;
        }
    }

    /// <summary>Waits until the API service answers with 2xx, and then writes the word.</summary>
    public static async Task WriteWhenHealthyAsync(string log, Uri service, TimeProvider time, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Patience };
        var health = new Uri(service, "/health");
        while (!await IsHealthyAsync(http, health, cancellationToken))
        {
            await Task.Delay(Interval, time, cancellationToken);
        }

        await File.AppendAllTextAsync(log, $"{time.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss'Z'} {Word}\n", cancellationToken);
    }

    private static async Task<bool> IsHealthyAsync(HttpClient http, Uri health, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await http.GetAsync(health, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception error) when (error is HttpRequestException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }

    private static void Turn(string log)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(log)!);
        using var file = new FileStream(log, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        using (var old = new FileStream(log + ".old", FileMode.Append, FileAccess.Write))
        {
            file.CopyTo(old);
        }

        file.SetLength(0);
    }
}
