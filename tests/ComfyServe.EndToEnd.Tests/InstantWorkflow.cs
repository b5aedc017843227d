namespace ComfyServe.EndToEnd.Tests;

/// <summary>A workflow that needs no model and takes no time.</summary>
internal static class InstantWorkflow
{
    public const string Text = """
        {"1": {"class_type": "EmptyImage", "inputs": {"width": 16, "height": 16, "batch_size": 1, "color": 255}},
         "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "instant"}}}
        """;
}
