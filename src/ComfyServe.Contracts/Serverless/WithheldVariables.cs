namespace ComfyServe.Contracts.Serverless;

/// <summary>Environment variables of a gateway and of who manages it, which no worker gets.</summary>
public static class WithheldVariables
{
    /// <summary>The account's keys and the database.</summary>
    public static IReadOnlyList<string> Names { get; } = ["COMFYSERVE_ADMIN_KEY", "COMFYSERVE_API_KEY", "COMFYSERVE_DATABASE"];
}
