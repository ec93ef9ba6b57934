"""Checks the files a cluster is made of: Serve config, KubeRay manifests, `ray up`."""
