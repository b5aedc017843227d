using ComfyServe.Testing;

namespace ComfyServe.Engine.Tests.Traces;

/// <summary>Where the recorded exchanges are; <c>COMFYSERVE_TRACES</c> names another folder of the same form.</summary>
internal static class TraceFolder
{
    public static string Path { get; } =
        Environment.GetEnvironmentVariable("COMFYSERVE_TRACES") is { Length: > 0 } other ? other : RepositoryRoot.Data("traces");
}
