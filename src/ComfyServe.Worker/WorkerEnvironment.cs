using System.Globalization;
using ComfyServe.Hosting.Browsers;

namespace ComfyServe.Worker;

/// <summary>Reads a worker's settings from the environment variables that the original's worker has, and a few of ours.</summary>
public static class WorkerEnvironment
{
    private static readonly string[] Yes = ["y", "yes", "t", "true", "on", "1"];

    /// <summary>The settings that the variables give.</summary>
    /// <param name="read">Gives a variable's text, or null.</param>
    /// <param name="mistakes">Receives what could not be read; see also <see cref="WorkerOptions.Mistakes"/>.</param>
    /// <param name="warnings">Receives what was read with a default instead, as the original does.</param>
    public static WorkerOptions Read(Func<string, string?> read, ICollection<string> mistakes, ICollection<string> warnings)
    {
        ArgumentNullException.ThrowIfNull(read);
        ArgumentNullException.ThrowIfNull(mistakes);
        ArgumentNullException.ThrowIfNull(warnings);
        var options = new WorkerOptions();
        options.Id = Whole("CONTAINER_ID", options.Id);
        options.Mtoken = Text("MASTER_TOKEN") ?? "";
        options.Gateways = Gateways(Text("REPORT_ADDR"), mistakes);
        options.Port = (int)Whole("WORKER_PORT", options.Port);
        options.LocalPort = Text("WORKER_HTTP_PORT") is null ? null : (int)Whole("WORKER_HTTP_PORT", 0);
        options.UseTls = string.Equals(Text("USE_SSL"), "true", StringComparison.Ordinal);
        options.Unsecured = Yes.Contains(Text("UNSECURED")?.ToLowerInvariant());
        options.Host = Text("WORKER_HOST") ?? (Text("PUBLIC_IPADDR") is null ? options.Host : "0.0.0.0");
        options.PublicUrl = PublicUrl(Text("PUBLIC_IPADDR"), Text($"VAST_TCP_PORT_{options.Port}"), options, mistakes);
        options.ServedHosts = ServedHosts.Split(Text(ServedHosts.Variable));
        options.Api = Url("MODEL_SERVER_URL", options.Api);
        options.ApiLog = Text("MODEL_LOG");
        options.CertificatePath = Text("SSL_CERT_PATH") ?? options.CertificatePath;
        options.CertificateKeyPath = Text("SSL_KEY_PATH") ?? options.CertificateKeyPath;
        options.ParallelRequests = (int)Whole("WORKER_PARALLEL_REQUESTS", options.ParallelRequests);
        options.MaxQueueTime = Real("WORKER_MAX_QUEUE_TIME", options.MaxQueueTime);
        options.MaxConnections = (int)Math.Clamp(Whole("WORKER_MAX_CONNECTIONS", options.MaxConnections), -1, int.MaxValue);
        options.MaxSessions = (int)Whole("WORKER_MAX_SESSIONS", options.MaxSessions);
        options.MaxSessionsPerKey = (int)Whole("WORKER_MAX_SESSIONS_PER_KEY", options.MaxSessionsPerKey);
        options.MaxSessionLifetime = TimeSpan.FromSeconds(Math.Clamp(Real("WORKER_MAX_SESSION_LIFETIME", options.MaxSessionLifetime.TotalSeconds) is var seconds && double.IsNaN(seconds) ? -1 : seconds, -1, 1e9));
        ReadBenchmark(options, read, warnings);
        options.TemplateVersion = Text("COMFYSERVE_TEMPLATE_VERSION");
        return options;

        string? Text(string name) => Trimmed(read(name));

        long Whole(string name, long standard)
        {
            if (Text(name) is not { } text)
            {
                return standard;
            }

            if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && Math.Abs(number) <= int.MaxValue * 1000L)
            {
                return number;
            }

            mistakes.Add($"'{name}' must be a whole number but is '{text}'");
            return standard;
        }

        double Real(string name, double standard)
        {
            if (Text(name) is not { } text)
            {
                return standard;
            }

            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
            {
                return number;
            }

            mistakes.Add($"'{name}' must be a number but is '{text}'");
            return standard;
        }

        Uri Url(string name, Uri standard)
        {
            if (Text(name) is not { } text)
            {
                return standard;
            }

            if (Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out var url) && url.Scheme is "http" or "https")
            {
                return url;
            }

            mistakes.Add($"'{name}' must be an http or https URL but is '{text}'");
            return standard;
        }
    }

    /// <summary>Takes what the <c>BENCHMARK_…</c> variables give into a worker's settings.</summary>
    /// <param name="options">Receives it.</param>
    /// <param name="read">Gives a variable's text, or null.</param>
    /// <param name="warnings">Receives what was no number: the original warns and goes on with its default here.</param>
    public static void ReadBenchmark(WorkerOptions options, Func<string, string?> read, ICollection<string> warnings)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(read);
        ArgumentNullException.ThrowIfNull(warnings);
        options.BenchmarkPath = Trimmed(read("BENCHMARK_JSON_PATH"));
        options.BenchmarkWidth = Lenient("BENCHMARK_TEST_WIDTH", options.BenchmarkWidth);
        options.BenchmarkHeight = Lenient("BENCHMARK_TEST_HEIGHT", options.BenchmarkHeight);
        options.BenchmarkSteps = Lenient("BENCHMARK_TEST_STEPS", options.BenchmarkSteps);

        int Lenient(string name, int standard)
        {
            if (Trimmed(read(name)) is not { } text)
            {
                return standard;
            }

            if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            {
                return number;
            }

            warnings.Add($"'{name}' is '{text}', which is no whole number; {standard} is used");
            return standard;
        }
    }

    private static string? Trimmed(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    private static List<Uri> Gateways(string? text, ICollection<string> mistakes)
    {
        var gateways = new List<Uri>();
        foreach (var address in (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (Uri.TryCreate(address.TrimEnd('/'), UriKind.Absolute, out var url) && url.Scheme is "http" or "https")
            {
                gateways.Add(url);
            }
            else
            {
                mistakes.Add($"'REPORT_ADDR' must have http or https URLs but has '{address}'");
            }
        }

        return gateways;
    }

    // http(s)://PUBLIC_IPADDR:VAST_TCP_PORT_<WORKER_PORT>, as the original advertises itself.
    private static Uri? PublicUrl(string? address, string? mappedPort, WorkerOptions options, ICollection<string> mistakes)
    {
        if (address is null)
        {
            return null;
        }

        var host = address.Contains(':') && !address.StartsWith('[') ? $"[{address}]" : address;
        if (Uri.TryCreate($"{(options.UseTls ? "https" : "http")}://{host}:{mappedPort ?? options.Port.ToString(CultureInfo.InvariantCulture)}", UriKind.Absolute, out var url))
        {
            return url;
        }

        mistakes.Add($"'PUBLIC_IPADDR' ('{address}') and 'VAST_TCP_PORT_{options.Port}' ('{mappedPort}') give no URL");
        return null;
    }
}
