using System.CommandLine;

namespace ComfyServe.Cli;

/// <summary>The verbs of <c>comfyserve</c>, one file each.</summary>
internal static class CommandLine
{
    /// <summary>Builds the whole command tree.</summary>
    public static RootCommand Build()
    {
        var root = new RootCommand("Turns ComfyUI workflows into an API, from one laptop to a fleet of GPU machines")
        {
            ApiVerb.Build(),
            CleanVerb.Build(),
            DoctorVerb.Build(),
            EndpointsVerb.Build(),
            EngineVerb.Build(),
            EvaluateStarterVerb.Build(),
            GatewayVerb.Build(),
            KeysVerb.Build(),
            LogsVerb.Build(),
            ModelsVerb.Build(),
            RunVerb.Build(),
            StackVerb.Build(),
            TopVerb.Build(),
            TrainStarterVerb.Build(),
            UpVerb.Build(),
            VariablesVerb.Build(),
            WorkerVerb.Build(),
            WorkersVerb.Build(),
            ProvisionVerb.Build(),
        };
        ExamplesHelp.AddTo(root);
        return root;
    }
}
