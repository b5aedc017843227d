using ComfyServe.Hosting.Outbound;

namespace ComfyServe.Worker;

/// <summary>How a worker runs. <see cref="WorkerEnvironment"/> reads it from the original's environment variables.</summary>
public sealed class WorkerOptions
{
    /// <summary>The worker's id at its gateway (<c>CONTAINER_ID</c>).</summary>
    public long Id { get; set; }

    /// <summary>The worker's token: its only credential at the gateway (<c>MASTER_TOKEN</c>).</summary>
    public string Mtoken { get; set; } = "";

    /// <summary>Base URLs of the gateway, tried in order (<c>REPORT_ADDR</c>, with commas between).</summary>
    public IReadOnlyList<Uri> Gateways { get; set; } = [];

    /// <summary>Address to listen on. Default 127.0.0.1; from the environment 0.0.0.0 when <c>PUBLIC_IPADDR</c> is set.</summary>
    public string Host { get; set; } = "127.0.0.1";

    /// <summary>Port to listen on, 0 for any free one (<c>WORKER_PORT</c>). Default 3000.</summary>
    public int Port { get; set; } = 3000;

    /// <summary>Port on 127.0.0.1 for webhooks that end sessions, 0 for any free one (<c>WORKER_HTTP_PORT</c>). Default: the port above it.</summary>
    public int? LocalPort { get; set; }

    /// <summary>Base URL under which clients reach the worker; tickets are signed over it. Default: where it listens.</summary>
    public Uri? PublicUrl { get; set; }

    /// <summary>Serve https (<c>USE_SSL</c>). Default false.</summary>
    public bool UseTls { get; set; }

    /// <summary>Certificate, PEM. Default /etc/instance.crt; where it is missing, the gateway is asked to sign one.</summary>
    public string CertificatePath { get; set; } = "/etc/instance.crt";

    /// <summary>The certificate's key, PEM. Default /etc/instance.key.</summary>
    public string CertificateKeyPath { get; set; } = "/etc/instance.key";

    /// <summary>Serve whoever asks, without looking at tickets (<c>UNSECURED</c>). Default false.</summary>
    public bool Unsecured { get; set; }

    /// <summary>Names under which the worker answers without tickets, besides those of this machine and that of <see cref="PublicUrl"/> (<c>SERVED_HOSTS</c>). Default none.</summary>
    public IReadOnlyList<string> ServedHosts { get; set; } = [];

    /// <summary>Base URL of the API service (<c>MODEL_SERVER_URL</c>). Default http://127.0.0.1:18288.</summary>
    public Uri Api { get; set; } = new("http://127.0.0.1:18288");

    /// <summary>Routes that are forwarded to the API service. Default /generate/sync and /generate/stream.</summary>
    public IReadOnlyList<string> Routes { get; set; } = ["/generate/sync", "/generate/stream"];

    /// <summary>The API service's log, if one is to be watched for errors (<c>MODEL_LOG</c>).</summary>
    public string? ApiLog { get; set; }

    /// <summary>Requests that run at the same time: as many as the API service has engines (<c>WORKER_PARALLEL_REQUESTS</c>). Default 1.</summary>
    public int ParallelRequests { get; set; } = 1;

    /// <summary>Expected queue time above which a request is refused at once, in seconds (<c>WORKER_MAX_QUEUE_TIME</c>). Default 10.</summary>
    public double MaxQueueTime { get; set; } = 10;

    /// <summary>Open sessions at the same time, 0 for no limit, −1 for none at all (<c>WORKER_MAX_SESSIONS</c>). Default 10.</summary>
    public int MaxSessions { get; set; } = 10;

    /// <summary>Open sessions of one key at the same time, where tickets tell the key; 0 for no limit (<c>WORKER_MAX_SESSIONS_PER_KEY</c>). Default 5.</summary>
    public int MaxSessionsPerKey { get; set; } = 5;

    /// <summary>How far ahead a session may end: its first lifetime, and what its requests add (<c>WORKER_MAX_SESSION_LIFETIME</c>, seconds). Default 1 h.</summary>
    public TimeSpan MaxSessionLifetime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Requests that may be here at the same time, running ones included; more are refused at once. Default 1,000.</summary>
    public int MaxRequests { get; set; } = 1_000;

    /// <summary>Connections at the same time (<c>WORKER_MAX_CONNECTIONS</c>); when one more comes, the longest idle one is closed. Default 4,000.</summary>
    public int MaxConnections { get; set; } = 4_000;

    /// <summary>Largest request body, bytes. Default 101 MiB: the API service's own limit and a ticket.</summary>
    public long MaxBodyBytes { get; set; } = 101L << 20;

    /// <summary>Bytes that all bodies held in memory may take together; more are refused at once. Default 1 GiB.</summary>
    public long MaxBodiesBytes { get; set; } = 1L << 30;

    /// <summary>How long the API service may be silent about a forwarded request. Default 1 h.</summary>
    public TimeSpan WorkLimit { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Folder with <c>misc/benchmark.json</c>, <c>misc/test_prompts.txt</c> and the stored result <c>.has_benchmark</c>. Default: the working folder.</summary>
    public string Folder { get; set; } = Environment.CurrentDirectory;

    /// <summary>Working copy of a custom worker, whose <c>workers/comfyui-json/misc/</c> or <c>misc/</c> decides over the folder's. Set by <see cref="Prepare"/>.</summary>
    public string? CustomFolder { get; set; }

    /// <summary>What must succeed before the worker measures itself: returns null when all is well, else the reason, which the worker
    /// reports; it then does not become ready. Default: nothing.</summary>
    public Func<CancellationToken, Task<string?>>? Prepare { get; set; }

    /// <summary>A workflow to measure with, unless the folder has one (<c>BENCHMARK_JSON_PATH</c>).</summary>
    public string? BenchmarkPath { get; set; }

    /// <summary>Width of the standard benchmark's image (<c>BENCHMARK_TEST_WIDTH</c>). Default 512.</summary>
    public int BenchmarkWidth { get; set; } = 512;

    /// <summary>Height of the standard benchmark's image (<c>BENCHMARK_TEST_HEIGHT</c>). Default 512.</summary>
    public int BenchmarkHeight { get; set; } = 512;

    /// <summary>Steps of the standard benchmark (<c>BENCHMARK_TEST_STEPS</c>). Default 20.</summary>
    public int BenchmarkSteps { get; set; } = 20;

    /// <summary>Rounds of the benchmark after a first one to warm up; the best counts. Default 8.</summary>
    public int BenchmarkRounds { get; set; } = 8;

    /// <summary>Time after which no further round begins (at least one is run). Default 2 min.</summary>
    public TimeSpan BenchmarkBudget { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Longest time for one generation of the benchmark. Default 30 min.</summary>
    public TimeSpan BenchmarkCallLimit { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>How long the API service may take to become healthy before that is reported as an error; the worker goes on waiting. Default 10 min.</summary>
    public TimeSpan LoadLimit { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Time between looks at the API service's health. Default 5 s.</summary>
    public TimeSpan HealthInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Time between reports. Default 1 s: the gateway counts a worker as dead after 3 s.</summary>
    public TimeSpan ReportInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>File that <c>/pyworker/update</c> creates for whatever restarts the worker. Default /.force_update.</summary>
    public string UpdateFile { get; set; } = "/.force_update";

    /// <summary>Version of the workergroup's template that this worker runs (<c>COMFYSERVE_TEMPLATE_VERSION</c>).</summary>
    public string? TemplateVersion { get; set; }

    /// <summary>Every mistake in these settings; empty when there is none.</summary>
    public IReadOnlyList<string> Mistakes()
    {
        var mistakes = new List<string>();
        Check(Id > 0, "'CONTAINER_ID' must be the worker's id, a whole number above 0; 'comfyserve workers create' gives one");
        Check(Unsecured || Mtoken.Length > 0, "'MASTER_TOKEN' must be the worker's token; 'comfyserve workers create' gives one");
        Check(Gateways.Count > 0, "'REPORT_ADDR' must be the gateway's base URL; 'comfyserve workers create' gives it");
        Check(Port is >= 0 and <= 65535, $"'WORKER_PORT' must be between 0 and 65535 but is {Port}");
        Check(LocalPort is null or (>= 0 and <= 65535), $"'WORKER_HTTP_PORT' must be between 0 and 65535 but is {LocalPort}");
        Check(System.Net.IPAddress.TryParse(Host, out _), $"'{Host}' is no address to listen on");
        Check(ServedHosts.All(IsName), $"'{Hosting.Browsers.ServedHosts.Variable}' must be host names without scheme and port, '*.example.org' or '*', between commas");
        Check(Api.Scheme is "http" or "https", $"'MODEL_SERVER_URL' must be an http or https URL but is '{ShownUrl.Of(Api)}'");
        Check(ParallelRequests is >= 1 and <= 64, $"'WORKER_PARALLEL_REQUESTS' must be between 1 and 64 but is {ParallelRequests}");
        Check(double.IsFinite(MaxQueueTime) && MaxQueueTime >= 0, $"'WORKER_MAX_QUEUE_TIME' must be a number of seconds from 0 but is {MaxQueueTime}");
        Check(MaxConnections is >= 16 and <= 1_000_000, $"'WORKER_MAX_CONNECTIONS' must be between 16 and 1000000 but is {MaxConnections}");
        Check(MaxSessions >= -1, $"'WORKER_MAX_SESSIONS' must be -1 or more but is {MaxSessions}");
        Check(MaxSessionsPerKey >= 0, $"'WORKER_MAX_SESSIONS_PER_KEY' must be 0 or more but is {MaxSessionsPerKey}");
        Check(MaxSessionLifetime.TotalSeconds is >= 1 and <= 7 * 86_400, $"'WORKER_MAX_SESSION_LIFETIME' must be between 1 and 604800 seconds but is {MaxSessionLifetime.TotalSeconds:0.###}");
        Check(BenchmarkWidth is >= 16 and <= 16384, $"'BENCHMARK_TEST_WIDTH' must be between 16 and 16384 but is {BenchmarkWidth}");
        Check(BenchmarkHeight is >= 16 and <= 16384, $"'BENCHMARK_TEST_HEIGHT' must be between 16 and 16384 but is {BenchmarkHeight}");
        Check(BenchmarkSteps is >= 1 and <= 10_000, $"'BENCHMARK_TEST_STEPS' must be between 1 and 10000 but is {BenchmarkSteps}");
        Check(BenchmarkRounds >= 1, $"The benchmark needs at least one round but has {BenchmarkRounds}");
        return mistakes;

        static bool IsName(string name)
        {
            try
            {
                _ = new Hosting.Browsers.ServedHosts(System.Net.IPAddress.Loopback, name);
                return true;
            }
            catch (FormatException)
            {
                return false;
            }
        }

        void Check(bool holds, string mistake)
        {
            if (!holds)
            {
                mistakes.Add(mistake);
            }
        }
    }
}
