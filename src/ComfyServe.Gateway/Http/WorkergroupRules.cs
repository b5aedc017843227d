using ComfyServe.Contracts.Serverless;
using ComfyServe.Gateway.Providers;

namespace ComfyServe.Gateway.Http;

/// <summary>Checks a workergroup's parameters and lays them over others.</summary>
internal static class WorkergroupRules
{
    /// <summary>All mistakes in a caller's parameters.</summary>
    public static IReadOnlyList<string> Mistakes(WorkergroupParameters given, ProviderRegistry providers)
    {
        List<string> mistakes = [];
        if (providers.Find(given.Provider ?? "static") is { } provider)
        {
            mistakes.AddRange(provider.Mistakes(given.ProviderSettings ?? new Dictionary<string, string>()));
        }
        else
        {
            mistakes.Add($"'provider' wants one of {string.Join(", ", providers.Names.Select(p => $"'{p}'"))} but got '{given.Provider}'");
        }

        if (given.LaunchArgs is { } arguments && CommandWords.Split(arguments) is null)
        {
            mistakes.Add($"'launch_args' has an open quote: {arguments}");
        }

        if (given.ColdWorkers is < 0 or > 10_000)
        {
            mistakes.Add("'cold_workers' wants a count from 0 to 10000");
        }

        if (given.GpuRam is < 0)
        {
            mistakes.Add("'gpu_ram' wants 0 or more GB");
        }

        return mistakes;
    }

    /// <summary>The parameters with the caller's laid over them.</summary>
    public static WorkergroupParameters Over(WorkergroupParameters old, WorkergroupParameters given) => old with
    {
        TemplateHash = given.TemplateHash ?? old.TemplateHash,
        TemplateId = given.TemplateId ?? old.TemplateId,
        SearchParams = given.SearchParams ?? old.SearchParams,
        LaunchArgs = given.LaunchArgs ?? old.LaunchArgs,
        GpuRam = given.GpuRam ?? old.GpuRam,
        ColdWorkers = given.ColdWorkers ?? old.ColdWorkers,
        TestWorkers = given.TestWorkers ?? old.TestWorkers,
        MinLoad = given.MinLoad ?? old.MinLoad,
        TargetUtil = given.TargetUtil ?? old.TargetUtil,
        ColdMult = given.ColdMult ?? old.ColdMult,
        Provider = given.Provider ?? old.Provider,
        ProviderSettings = given.ProviderSettings ?? old.ProviderSettings,
    };

    /// <summary>Whether two make the same workers.</summary>
    public static bool SameTemplate(WorkergroupParameters a, WorkergroupParameters b) =>
        a.TemplateHash == b.TemplateHash
        && a.TemplateId == b.TemplateId
        && a.LaunchArgs == b.LaunchArgs
        && a.Provider == b.Provider
        && Settings(a).SequenceEqual(Settings(b));

    private static IEnumerable<KeyValuePair<string, string>> Settings(WorkergroupParameters p) =>
        (p.ProviderSettings ?? new Dictionary<string, string>()).OrderBy(s => s.Key, StringComparer.Ordinal);
}
