using System.ComponentModel.DataAnnotations;
using ComfyServe.Gateway.Endpoints;
using ComfyServe.Gateway.Routing;

namespace ComfyServe.Gateway;

/// <summary>How a gateway runs.</summary>
public sealed class GatewayOptions
{
    /// <summary>Address to listen on. Default 127.0.0.1: this machine only.</summary>
    [Required]
    public string Host { get; set; } = "127.0.0.1";

    /// <summary>Port to listen on, 0 for any free one. Default 8080.</summary>
    [Range(0, 65535)]
    public int Port { get; set; } = 8080;

    /// <summary>Folder for the gateway's database (unless <see cref="Database"/> is given) and what its local workers need. Made if missing.</summary>
    [Required]
    public string DataDirectory { get; set; } = "data/gateway";

    /// <summary>PostgreSQL connection string that several gateways share; without it the gateway is alone with an SQLite file.</summary>
    public string? Database { get; set; }

    /// <summary>The account's key; default COMFYSERVE_ADMIN_KEY, else one is made and shown once.</summary>
    public string? AdminKey { get; set; }

    /// <summary>Receives the account's key when it was made. Default: standard output.</summary>
    public Action<string> AdminKeyMade { get; set; } = static key => Console.WriteLine($"account key (shown once): {key}");

    /// <summary>
    /// Folder for the keys that encrypt the account's variables. Default COMFYSERVE_KEY_RING, else <c>keys/</c> of the data
    /// directory for a gateway that is alone, and the database for several: they need the same keys.
    /// </summary>
    public string? KeyRing { get; set; }

    /// <summary>URL under which workers and clients reach the gateway. Default: the address it listens on.</summary>
    public Uri? PublicUrl { get; set; }

    /// <summary>Names whose pages count as the gateway's own, besides that of <see cref="PublicUrl"/>: behind a proxy that changes <c>Host</c>. Default none.</summary>
    public IReadOnlyList<string> ServedHosts { get; set; } = [];

    /// <summary>Address under which other gateways of the cluster reach this one. Default 127.0.0.1.</summary>
    [Required]
    public string ClusterHost { get; set; } = "127.0.0.1";

    /// <summary>Port for the other gateways of the cluster, 0 for a free one that is kept over restarts. Default 0.</summary>
    [Range(0, 65535)]
    public int ClusterPort { get; set; }

    /// <summary>How long a call of /route/ is held while there is no worker, up to 8 s: the client gives up at 10. Default 8 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:08")]
    public TimeSpan RouteHold { get; set; } = TimeSpan.FromSeconds(8);

    /// <summary>How long a ticket is good for. Default 60 s.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "01:00:00")]
    public TimeSpan TicketLife { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Management calls per second that one key may make, with as many again in a burst of two seconds. Default 20.</summary>
    [Range(1, 100_000)]
    public int CallsPerSecond { get; set; } = 20;

    /// <summary>Calls of /route/ per second that one key may make; those above wait their turn. Default 5,000.</summary>
    [Range(1, 1_000_000)]
    public int RoutesPerSecond { get; set; } = 5_000;

    /// <summary>Connections at the same time; when one more comes, the longest idle one is closed. Default 10,000.</summary>
    [Range(16, 1_000_000)]
    public int MaxConnections { get; set; } = 10_000;

    /// <summary>Largest payload and largest result of a request that goes through the gateway, bytes. Default 100 MiB.</summary>
    [Range(1024, 1L << 31)]
    public long MaxJobBytes { get; set; } = 100L << 20;

    /// <summary>Memory for the payloads of all requests that go through the gateway together, bytes: above it, 503. Default 1 GiB.</summary>
    [Range(1 << 20, 1L << 40)]
    public long MaxBodiesBytes { get; set; } = 1L << 30;

    /// <summary>How long a durable job is kept after its end. Default 7 days.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "365.00:00:00")]
    public TimeSpan JobRetention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Hosts, addresses and networks (CIDR) that webhooks may call although they are not on the public internet; <c>*</c> opens all. Default none.</summary>
    public IReadOnlyList<string> AllowedHosts { get; set; } = [];

    /// <summary>Times and bounds of routing.</summary>
    internal RouterLimits Routing { get; set; } = new();

    /// <summary>How long workers may be silent.</summary>
    internal LivenessLimits Liveness { get; set; } = new();
}
