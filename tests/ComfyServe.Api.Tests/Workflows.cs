namespace ComfyServe.Api.Tests;

/// <summary>Workflows whose nodes the scripted engine understands.</summary>
internal static class Workflows
{
    /// <summary>One image at once.</summary>
    public const string Image = """{"9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "ComfyUI"}, "_meta": {"title": "Save Image"}}}""";

    /// <summary>Four steps, then an image.</summary>
    public const string Steps = """
        {"3": {"class_type": "KSampler", "inputs": {"seed": "__RANDOM_INT__", "steps": 4}},
         "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "ComfyUI"}}}
        """;

    /// <summary>Runs until interrupted or for a minute.</summary>
    public const string Long = """{"1": {"class_type": "FakeSleep", "inputs": {"ms": 60000}}}""";
}
