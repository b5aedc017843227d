using System.Text.RegularExpressions;
using ComfyServe.Autoscaling;
using ComfyServe.Contracts.Serverless;

namespace ComfyServe.Gateway.Http;

/// <summary>Checks an endpoint's parameters and lays them over others.</summary>
internal static partial class EndpointRules
{
    private const double Largest = 1e9;

    /// <summary>All mistakes in a caller's parameters.</summary>
    public static IReadOnlyList<string> Mistakes(EndpointParameters given)
    {
        List<string> mistakes = [];
        void Check(bool right, string mistake)
        {
            if (!right)
            {
                mistakes.Add(mistake);
            }
        }

        Check(given.EndpointName is null || Name().IsMatch(given.EndpointName), "'endpoint_name' wants 1 to 255 letters, digits, spaces, '_', '.' or '-'");
        Check(given.MinLoad is null or (>= 0 and <= Largest), "'min_load' wants 0 or more load units per second");
        Check(given.MinColdLoad is null or (>= 0 and <= Largest), "'min_cold_load' wants 0 or more load units per second");
        Check(given.TargetUtil is null or (> 0 and <= 1), "'target_util' wants a share above 0 and up to 1");
        Check(given.ColdMult is null or (>= 0 and <= 1_000), "'cold_mult' wants a factor from 0 to 1000");
        Check(given.ColdWorkers is null or (>= 0 and <= 10_000), "'cold_workers' wants a count from 0 to 10000");
        Check(given.MinWorkers is null or (>= 0 and <= 10_000), "'min_workers' wants a count from 0 to 10000");
        Check(given.MaxWorkers is null or (>= 0 and <= 10_000), "'max_workers' wants a count from 0 to 10000");
        Check(given.MaxQueueTime is null or (> 0 and <= 86_400), "'max_queue_time' wants seconds above 0 and up to 86400");
        Check(given.TargetQueueTime is null or (> 0 and <= 86_400), "'target_queue_time' wants seconds above 0 and up to 86400");
        Check(given.MaxCost is null or (>= 0 and <= Largest), "'max_cost' wants load units up to 1000000000, or 0 for the default");
        Check(given.InactivityTimeout is null || double.IsFinite(given.InactivityTimeout.Value), "'inactivity_timeout' wants seconds, 0 or a negative number");
        Check(given.EndpointState is null || State(given.EndpointState) is not null, "'endpoint_state' wants 'active', 'suspended' or 'stopped'");
        return mistakes;
    }

    /// <summary>The parameters with the caller's laid over them.</summary>
    public static ScalingParameters Over(ScalingParameters old, EndpointParameters given) => old with
    {
        MinLoad = given.MinLoad ?? old.MinLoad,
        MinColdLoad = given.MinColdLoad ?? old.MinColdLoad,
        TargetUtil = given.TargetUtil ?? old.TargetUtil,
        ColdMult = given.ColdMult ?? old.ColdMult,
        ColdWorkers = given.ColdWorkers ?? given.MinWorkers ?? old.ColdWorkers,
        MaxWorkers = given.MaxWorkers ?? old.MaxWorkers,
        MaxQueueTime = given.MaxQueueTime ?? old.MaxQueueTime,
        TargetQueueTime = given.TargetQueueTime ?? old.TargetQueueTime,
        InactivityTimeout = given.InactivityTimeout ?? old.InactivityTimeout,
        MaxCost = given.MaxCost == 0 ? null : given.MaxCost ?? old.MaxCost,
    };

    /// <summary>The state with this name, or null.</summary>
    public static EndpointState? State(string? name) => name switch
    {
        "active" => EndpointState.Active,
        "suspended" => EndpointState.Suspended,
        "stopped" => EndpointState.Stopped,
        _ => null,
    };

    [GeneratedRegex("^[A-Za-z0-9_. -]{1,255}$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Name();
}
